import type { Device } from '../devices/device.js';

/** Rows that fill a cache line of every column: borders between them keep two threads from writing to one line. */
const rowsPerLine = 64;

/** A shorter chunk costs a thread more to wake for than it saves. */
const chunkNsMin = 100_000;

/** The end of the next chunk: all of one length, which the device's threads end together, and no crumb left over. */
export function chunkEnd(
  begin: number,
  { rows, rowNs }: { readonly rows: number; readonly rowNs: number },
  { chunkNs, parallel }: Pick<Device, 'chunkNs' | 'parallel'>,
): number {
  const wholeNs = rows * rowNs;
  const fewest = Math.max(1, Math.ceil(wholeNs / chunkNs), Math.min(parallel, Math.floor(wholeNs / chunkNsMin)));
  const count = fewest < parallel ? fewest : Math.ceil(fewest / parallel) * parallel;
  const wanted = Math.ceil(rows / count);
  // Rows so dear that a line of them is no chunk do not fight for cache lines either.
  const size = wanted < rowsPerLine ? wanted : Math.ceil(wanted / rowsPerLine) * rowsPerLine;
  return Math.min(rows, begin + size);
}
