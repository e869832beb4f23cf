import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, it } from 'mocha';
import { durationBuckets, Durations, registerDurations } from '../../../src/daemon/telemetry/duration-metrics.js';

/** The lines of a scrape, whatever their order. */
const linesOf = async (registry: Registry): Promise<string[]> => (await registry.metrics()).trim().split('\n').sort();

describe('duration histogram', () => {
  it('is scraped as the library’s own histogram of the same durations is', async () => {
    const seconds = fc.oneof(fc.constantFrom(...durationBuckets), fc.double({ min: 0, max: 20, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(seconds, { minLength: 1 }), async (observed) => {
        const [ours, theirs] = [new Registry(), new Registry()];
        const durations = new Durations({ outcome: 'OK' });
        registerDurations({ name: 'test_seconds', help: 'Test.' }, () => [durations], ours);
        const histogram = new Histogram({
          name: 'test_seconds',
          help: 'Test.',
          labelNames: ['outcome'],
          buckets: durationBuckets,
          registers: [theirs],
        });
        for (const each of observed) {
          durations.observe(each);
          histogram.observe({ outcome: 'OK' }, each);
        }
        const order = (line: string): string =>
          line.replace(/\{(.*)\}/, (_, labels: string) => labels.split(',').sort().join());
        assert.deepEqual((await linesOf(ours)).map(order).sort(), (await linesOf(theirs)).map(order).sort());
      }),
      { numRuns: 50 },
    );
  });
});
