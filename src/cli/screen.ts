// The whole screen of a terminal, for a command that draws itself anew. Whatever ends the command, the terminal is as before.
import type { ReadStream, WriteStream } from 'node:tty';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Ends the command: q, Ctrl-C, or a signal. */
  readonly stopped: AbortSignal;
  draw(lines: readonly ScreenLine[]): void;
  close(): void;
}

export interface ScreenLine {
  readonly text: string;
  /** Drawn bold. */
  readonly isHead?: boolean;
}

const escape = '\u001b[';
const enter = `${escape}?1049h${escape}?25l`;
const leave = `${escape}?25h${escape}?1049l`;
const interrupt = '\u0003';
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Streams of a terminal: input may be something else. */
export function openScreen(output: WriteStream, input: ReadStream): Screen {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const onKey = (keys: Buffer): void => {
    if (/q/i.test(keys.toString()) || keys.toString().includes(interrupt)) stop();
  };
  for (const signal of signals) process.on(signal, stop);
  if (input.isTTY) input.setRawMode(true).on('data', onKey).resume();
  output.write(enter);
  return {
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    stopped: stopping.signal,
    draw: (lines) => output.write(frame(lines, { columns: output.columns || 80, rows: output.rows || 24 })),
    close: () => {
      output.write(leave);
      if (input.isTTY) input.off('data', onKey).pause().setRawMode(false);
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

/** From the upper left corner on; what was there before is cleared line by line, so that nothing flickers. */
export function frame(lines: readonly ScreenLine[], { columns, rows }: { columns: number; rows: number }): string {
  const shown = lines.slice(0, rows).map(({ text, isHead }) => {
    const cut = [...text].slice(0, columns).join('');
    return `${isHead ? `${escape}1m${cut}${escape}22m` : cut}${escape}K`;
  });
  return `${escape}H${shown.join('\r\n')}${escape}J`;
}
