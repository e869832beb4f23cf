import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { policySchema } from '../../../src/daemon/config/policy-schema.js';

const problems = (settings: unknown): string[] => {
  const { error } = policySchema.safeParse(settings);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
};

describe('policy schema', () => {
  it('protects nobody and classifies nothing unasked', () => {
    const { market, classification, cores } = policySchema.parse({});
    assert.deepEqual([market.venues, classification.enabled, cores.use], [[], false, 'auto']);
  });

  it('knows the venues of the table', () => {
    const file = new URL('../../../calendars/market-days.json', import.meta.url);
    const { venues } = JSON.parse(readFileSync(file, 'utf8')) as { venues: object };
    assert.deepEqual(problems({ market: { venues: Object.keys(venues) } }), []);
    assert.match(problems({ market: { venues: ['MOON'] } })[0]!, /^market.venues.0: /);
  });

  it('wants the thresholds in the order of the ladder', () => {
    assert.deepEqual(problems({ memory: { available_share: { no_batch: 0.2 } } }), [
      'memory.available_share: must be falling from shrink_pools to order_only',
    ]);
    assert.deepEqual(problems({ memory: { stalled_share: { no_background: 0.01 } } }), [
      'memory.stalled_share: must be rising from shrink_pools to order_only',
    ]);
    assert.deepEqual(problems({ memory: { available_share: { shrink_pools: 0.3, no_background: 0.2 } } }), []);
  });
});
