import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Registry } from 'prom-client';
import { createMemoryMetrics } from '../../../src/daemon/telemetry/memory-metrics.js';

describe('memory metrics', () => {
  it('read the budget when they are scraped, and count how regions end', async () => {
    const registry = new Registry();
    const used = { region: 5, worker: 7 };
    const holdings = [{ owner: 'uid:1', kind: 'region', bytes: 5, claims: 1 }];
    const pools = [
      { name: 'regions', hits: 3, misses: 1, freeBytes: 9, fragmentation: 0 },
      { name: 'gpu', hits: 0, misses: 0, freeBytes: 8, fragmentation: 0 },
    ];
    const reading = { budgetBytes: 100, usedBytes: used, holdings, regions: 2, pools };
    const observe = createMemoryMetrics(() => reading, [registry]);
    used.region = 6;
    observe({ kind: 'region-ended', id: 'region-1', owner: 'uid:1', bytes: 1, reason: 'lease-ended' });
    observe({ kind: 'warning', text: 'nothing of memory' });
    const text = await registry.metrics();
    assert.match(text, /^acceld_memory_budget_bytes 100$/m);
    assert.match(text, /^acceld_memory_bytes\{kind="region"\} 6$/m);
    assert.match(text, /^acceld_regions 2$/m);
    assert.match(text, /^acceld_regions_ended_total\{reason="lease-ended"\} 1$/m);
    assert.match(text, /^acceld_pool_hit_ratio\{pool="regions"\} 0.75$/m);
    assert.match(text, /^acceld_pool_hit_ratio\{pool="gpu"\} 1$/m);
    assert.match(text, /^acceld_pool_free_bytes\{pool="regions"\} 9$/m);
    assert.doesNotMatch(text, /uid/);
  });
});
