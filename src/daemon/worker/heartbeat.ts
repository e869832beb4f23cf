import type { Clock } from '../base/clock.js';
import { pingEveryNs, pingNsMax, tickNs } from './rules.js';

/** Asks a worker that has nothing to do whether it lives. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ping: () => void;
  /** Lived time of the ping that is not answered. */
  #pingedNs: number | undefined;
  #dueNs = 0;

  constructor(clock: Clock, ping: () => void) {
    this.#clock = clock;
    this.#ping = ping;
  }

  /** Why the worker must be taken for dead, or undefined. `livedNs` as in LivedTime. */
  check(livedNs: number): string | undefined {
    if (this.#pingedNs === undefined) {
      if (this.#clock.nowNs() < this.#dueNs) return undefined;
      this.#pingedNs = livedNs;
      this.#ping();
      return undefined;
    }
    const waitedNs = livedNs - this.#pingedNs;
    return waitedNs > pingNsMax ? `gave no sign of life for ${(waitedNs / 1e9).toFixed(2)} s` : undefined;
  }

  /** False: nobody asked. */
  answered(): boolean {
    const isAsked = this.#pingedNs !== undefined;
    this.#pingedNs = undefined;
    this.#dueNs = this.#clock.nowNs() + pingEveryNs;
    return isAsked;
  }

  /** Nanoseconds until check() has something to look at. */
  get checkInNs(): number {
    return this.#pingedNs === undefined ? Math.max(tickNs, this.#dueNs - this.#clock.nowNs()) : tickNs;
  }
}
