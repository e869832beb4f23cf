import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  addLatencies,
  bucketOf,
  encodeLatencies,
  latencyBuckets,
  percentile,
} from '../../../src/daemon/telemetry/latency.js';

const countsOf = (latencies: readonly number[]): Uint32Array => {
  const counts = new Uint32Array(latencyBuckets);
  for (const ns of latencies) counts[bucketOf(ns)]! += 1;
  return counts;
};

describe('latencies', () => {
  it('give percentiles within a tenth of the exact ones', () => {
    const latency = fc.integer({ min: 2_000, max: 10_000_000_000 });
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (all, share) => {
          const exact = [...all].sort((one, other) => one - other)[Math.ceil(all.length * share) - 1]!;
          const found = percentile(countsOf(all), share) * 1e9;
          assert.ok(Math.abs(found / exact - 1) < 0.1, `${found} instead of ${exact}`);
        },
      ),
    );
  });

  it('have a bucket for whatever a clock gives', () => {
    assert.deepEqual([bucketOf(-5), bucketOf(0), bucketOf(1e15)], [0, 0, latencyBuckets - 1]);
    assert.equal(percentile(countsOf([]), 0.99), 0);
  });

  it('are written as text and added up again', () => {
    const counts = countsOf([5_000, 5_000, 80_000]);
    const sum = new Float64Array(latencyBuckets);
    addLatencies(sum, encodeLatencies(counts));
    addLatencies(sum, encodeLatencies(counts));
    addLatencies(sum, '');
    assert.deepEqual(
      [...sum],
      [...counts].map((count) => 2 * count),
    );
  });
});
