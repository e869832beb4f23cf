import type { Clock } from '../../src/daemon/base/clock.js';

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #ns = 0;
  readonly #timers = new Set<{ readonly atNs: number; readonly act: () => void }>();
  nowNs(): number {
    return this.#ns;
  }
  wallMs(): number {
    return 1_800_000_000_000 + this.#ns / 1e6;
  }
  later(ms: number, act: () => void): () => void {
    const timer = { atNs: this.#ns + ms * 1e6, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  /** Timers that are due then act, once. */
  advanceMs(ms: number): void {
    this.#ns += ms * 1e6;
    const due = [...this.#timers].filter(({ atNs }) => atNs <= this.#ns);
    for (const timer of due.sort((one, other) => one.atNs - other.atNs)) {
      if (this.#timers.delete(timer)) timer.act();
    }
  }
}
