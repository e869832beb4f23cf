// Reads the configuration's file: opened once, judged by what was opened, and never larger than a configuration can be.
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** A thousand lines; parsing them takes the event loop some 10 ms. */
const fileBytesMax = 64 * 1024;

/** Throws an Error with a sentence that names no path. */
export function readFile(path: string, isTrusted: (stats: Stats) => string | undefined): string {
  const descriptor = openSync(path, 'r');
  try {
    const stats = fstatSync(descriptor);
    const distrust = isTrusted(stats);
    if (distrust !== undefined) throw new Error(distrust);
    // One byte more than a file may have tells a larger one, however it grew after it was measured.
    const bytes = Buffer.alloc(fileBytesMax + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Whoever can write the daemon's file can do what the daemon can. */
export function daemonTrusts(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'it is no regular file';
  const ours = process.geteuid!();
  if (stats.uid !== ours && stats.uid !== 0)
    return `it belongs to user ${stats.uid}, not to the daemon's user ${ours} or root`;
  if ((stats.mode & 0o022) !== 0) return 'other users may write to it; chmod go-w mends that';
  return undefined;
}

/** For a look at somebody's file that nothing will run by. */
export const anyoneTrusts = (): undefined => undefined;
