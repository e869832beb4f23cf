import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Registry } from 'prom-client';
import { createMemoryMetrics } from '../../../src/daemon/telemetry/memory-metrics.js';

describe('memory metrics', () => {
  it('read the budget when they are scraped, and count how regions end', async () => {
    const registry = new Registry();
    const used = { region: 5, worker: 7 };
    const observe = createMemoryMetrics(() => ({ budgetBytes: 100, usedBytes: used, regions: 2 }), [registry]);
    used.region = 6;
    observe({ kind: 'region-ended', id: 'region-1', owner: 'uid:1', bytes: 1, reason: 'lease-ended' });
    observe({ kind: 'warning', text: 'nothing of memory' });
    const text = await registry.metrics();
    assert.match(text, /^acceld_memory_budget_bytes 100$/m);
    assert.match(text, /^acceld_memory_bytes\{kind="region"\} 6$/m);
    assert.match(text, /^acceld_regions 2$/m);
    assert.match(text, /^acceld_regions_ended_total\{reason="lease-ended"\} 1$/m);
    assert.doesNotMatch(text, /uid/);
  });
});
