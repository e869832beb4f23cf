import { localFault, type Fault } from './fault.js';

/**
 * A session cannot stop reading for the sake of one call, since the reader of that call may itself wait for another.
 * The daemon reports at most every 10 ms, so this is a reader that was away for 10 s.
 */
export const unreadMax = 1_024;

/** The messages of one answer that its reader has not taken yet. */
export class Inbox {
  readonly #unread: Uint8Array[] = [];
  #end: { readonly fault?: Fault } | undefined;
  #wake: (() => void) | undefined;

  /** False: there is no place. */
  put(message: Uint8Array): boolean {
    if (this.#unread.length >= unreadMax) return false;
    this.#unread.push(message);
    this.#wake?.();
    return true;
  }

  end(fault?: Fault): void {
    this.#end = fault === undefined ? {} : { fault };
    this.#wake?.();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** The next message, or undefined after the last one. */
  async take(): Promise<Uint8Array | undefined> {
    while (this.#unread.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const next = this.#unread.shift();
    if (next !== undefined) return next;
    if (this.#end?.fault !== undefined) throw this.#end.fault;
    return undefined;
  }
}

export const unreadFault = (): Fault =>
  localFault('REPLIES_UNREAD', `the reader of the stream is ${unreadMax} messages behind`);
