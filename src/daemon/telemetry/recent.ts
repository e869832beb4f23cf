// Counts of the last minute in slots of ten seconds that begin and end with the minutes of the wall clock: "the last minute"
// and the roll-up of a minute are sums over the same slots.
import type { CallFinished } from '../base/events.js';
import { bucketOf, latencyBuckets } from './latency.js';

export const slotMs = 10_000;
export const slotsPerMinute = 6;

/** What the calls of one series came to in each slot. */
export class RecentCalls {
  readonly #latencies = new Uint32Array(slotsPerMinute * latencyBuckets);
  readonly #sums = Array.from({ length: slotsPerMinute }, () => noCalls());

  add(slot: number, { totalNs, queueNs, computeNs, rows }: CallFinished): void {
    const sums = this.#sums[slot]!;
    sums.calls += 1;
    sums.rows += rows;
    sums.totalNs += totalNs;
    sums.queueNs += queueNs;
    sums.deviceNs += computeNs;
    this.#latencies[slot * latencyBuckets + bucketOf(totalNs)]! += 1;
  }

  clear(slot: number): void {
    this.#sums[slot] = noCalls();
    this.#latencies.fill(0, slot * latencyBuckets, (slot + 1) * latencyBuckets);
  }

  get calls(): number {
    return this.#sums.reduce((sum, { calls }) => sum + calls, 0);
  }

  sum(): MinuteOfCalls {
    const sum = { ...noCalls(), latencies: new Uint32Array(latencyBuckets) };
    for (const { calls, rows, totalNs, queueNs, deviceNs } of this.#sums) {
      sum.calls += calls;
      sum.rows += rows;
      sum.totalNs += totalNs;
      sum.queueNs += queueNs;
      sum.deviceNs += deviceNs;
    }
    this.#latencies.forEach((count, index) => (sum.latencies[index % latencyBuckets]! += count));
    return sum;
  }
}

export interface SumOfCalls {
  calls: number;
  rows: number;
  totalNs: number;
  queueNs: number;
  deviceNs: number;
}

export interface MinuteOfCalls extends SumOfCalls {
  /** By bucket of latency.ts. */
  readonly latencies: Uint32Array;
}

const noCalls = (): SumOfCalls => ({ calls: 0, rows: 0, totalNs: 0, queueNs: 0, deviceNs: 0 });
