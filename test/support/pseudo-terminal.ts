// Runs a program on a terminal of its own: Python owns the other end.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface PseudoTerminal {
  /** Everything that the program wrote to its terminal, escape sequences included. */
  output(): string;
  type(keys: string): void;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

const python = "import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]])))";

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Prints "pid N" first: of the program, unless commands of a shell come `after` it. */
export function onTerminal(
  words: readonly string[],
  { rows, columns, after = '' }: { rows: number; columns: number; after?: string },
): PseudoTerminal {
  const run = after === '' ? `exec ${words.map(quoted).join(' ')}` : `${words.map(quoted).join(' ')}; ${after}`;
  const command = `stty rows ${rows} columns ${columns}; echo "pid $$"; ${run}`;
  const child = spawn('python3', ['-c', python, command], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return {
    output: () => text,
    type: (keys) => void child.stdin.write(keys),
    child,
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
}
