// Where log lines go: standard output, or a file that is opened again once it was moved away.
import { pino } from 'pino';
import { exitCodes, StartFailure } from '../base/start-failure.js';

export interface LogDestination {
  write(line: string): void;
  /** Throws where the file cannot be opened; lines then go on to where they went. */
  reopen(): void;
}

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
  return {
    write: (line) => file.write(line),
    reopen: () => {
      const next = open();
      file.end();
      file = next;
    },
  };
}
