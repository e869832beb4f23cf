import { clean, type Terminal } from './terminal.js';

const barWidth = 24;

/** One line that is drawn over itself, on a terminal with a screen; elsewhere nothing is drawn. */
export class ProgressBar {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** `done` is 0 to 1. */
  show(done: number, text: string): void {
    const { columns } = this.#terminal;
    if (columns === undefined) return;
    const filled = Math.round(barWidth * Math.min(1, Math.max(0, done)));
    const line = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${clean(text)}`;
    // A line that reached the last column would be wrapped, and the next one drawn under it.
    this.#terminal.out(`\r${line.slice(0, columns - 1)}\u001b[K`);
  }

  clear(): void {
    if (this.#terminal.columns !== undefined) this.#terminal.out('\r\u001b[K');
  }
}
