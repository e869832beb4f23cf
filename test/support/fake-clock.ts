import type { Clock } from '../../src/daemon/base/clock.js';

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #ns = 0;
  nowNs(): number {
    return this.#ns;
  }
  wallMs(): number {
    return 1_800_000_000_000 + this.#ns / 1e6;
  }
  advanceMs(ms: number): void {
    this.#ns += ms * 1e6;
  }
}
