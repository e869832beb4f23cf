// Where log lines go: standard output, or a file that is opened again once it was moved away. That is noticed here, not
// only told by SIGHUP: a rotation that runs as root would have to learn whom to signal from a file of the daemon's user.
import { statSync } from 'node:fs';
import { pino } from 'pino';
import { exitCodes, StartFailure } from '../base/start-failure.js';

export interface LogDestination {
  write(line: string): void;
  /** Throws where the file cannot be opened; lines then go on to where they went. */
  reopen(): void;
}

/** A rotated file gets no lines later than this. */
const watchMs = 1_000;

/** Written synchronously: the last line before a crash is the one that is wanted. */
export function openLogFile(path: string | undefined): LogDestination {
  if (path === undefined) {
    const output = pino.destination({ fd: 1, sync: true });
    return { write: (line) => output.write(line), reopen: () => undefined };
  }
  const open = () => pino.destination({ dest: path, sync: true, append: true, mode: 0o640 });
  let file: ReturnType<typeof open>;
  try {
    file = open();
  } catch (error) {
    throw new StartFailure(exitCodes.system, `cannot write the log ${path}: ${(error as Error).message}`);
  }
  let inode = inodeOf(path);
  const reopen = (): void => {
    const next = open();
    file.end();
    file = next;
    inode = inodeOf(path);
  };
  setInterval(() => {
    if (inodeOf(path) !== inode) tryTo(reopen);
  }, watchMs).unref();
  return { write: (line) => file.write(line), reopen };
}

const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;

/** What fails now is tried again a second later. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // Nowhere to say it: the log itself is what cannot be opened.
  }
}
