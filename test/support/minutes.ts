import type { Batch } from '../../src/daemon/telemetry/history-store.js';
import type { Minute } from '../../src/daemon/telemetry/minute.js';
import { bucketOf, latencyBuckets } from '../../src/daemon/telemetry/latency.js';

export const minuteMs = 60_000;
/** A minute of the wall clock begins then. */
export const firstMinuteMs = 1_800_000_000_000;

/** The roll-up of a minute with two calls, of 1 ms and of 100 ms. */
export function someMinute(beginMs: number, change: Partial<Minute['calls'][number]> = {}): Minute {
  const latencies = new Uint32Array(latencyBuckets);
  latencies[bucketOf(1e6)] = 1;
  latencies[bucketOf(1e8)] = 1;
  const labels = { operation: 'an-operation', device: 'cpu', priority: 'order', outcome: 'OK' };
  const sums = { calls: 2, rows: 10, totalNs: 1.01e8, queueNs: 1e6, deviceNs: 5e7 };
  return {
    beginMs,
    calls: [{ ...labels, ...sums, latencies, ...change }],
    callers: [{ name: 'uid:1', calls: 2, deviceNs: 5e7 }],
    rungs: [{ rung: 'normal', seconds: 60 }],
    readings: [{ name: 'temperature-celsius', low: 40, mean: 45, high: 50 }],
  };
}

export const someEvent = (atMs: number, kind: 'warning' | 'stopped' = 'warning'): Batch['events'][number] => ({
  ...{ atMs, kind, facts: JSON.stringify({ text: `at ${atMs}` }) },
});
