import { chunkNs } from '../base/limits.js';

/** Borders lie on whole cache lines of every column, so that two threads never write to one line. */
const rowsPerLine = 64;

/** The end of the next chunk: about 1 ms of one thread, and no crumb left over at the end of the job. */
export function chunkEnd(begin: number, rows: number, rowNs: number): number {
  const size = Math.max(rowsPerLine, Math.floor(chunkNs / rowNs / rowsPerLine) * rowsPerLine);
  return rows - begin < size + size / 2 ? rows : begin + size;
}
