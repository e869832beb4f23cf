import { chunkNs } from '../base/limits.js';

/** Rows that fill a cache line of every column: borders between them keep two threads from writing to one line. */
const rowsPerLine = 64;

/** The end of the next chunk: about 1 ms of one thread, and no crumb left over at the end of the job. */
export function chunkEnd(begin: number, rows: number, rowNs: number): number {
  const wanted = Math.max(1, Math.floor(chunkNs / rowNs));
  // Rows so dear that a line of them is no chunk do not fight for cache lines either.
  const size = wanted < rowsPerLine ? wanted : wanted - (wanted % rowsPerLine);
  return rows - begin < size + size / 2 ? rows : begin + size;
}
