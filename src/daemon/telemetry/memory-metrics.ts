// What the memory budget holds, and how regions end. No label names a caller.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Event } from '../base/events.js';
import type { MemoryReading } from '../base/memory-reading.js';

export function createMemoryMetrics(memory: () => MemoryReading, registers: Registry[]): (event: Event) => void {
  new Gauge({
    name: 'acceld_memory_budget_bytes',
    help: 'Memory that regions and workers may have together.',
    registers,
    collect() {
      this.set(memory().budgetBytes);
    },
  });
  new Gauge({
    name: 'acceld_memory_bytes',
    help: 'Memory of the budget in use.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [kind, bytes] of Object.entries(memory().usedBytes)) this.set({ kind }, bytes);
    },
  });
  new Gauge({
    name: 'acceld_regions',
    help: 'Regions of all callers.',
    registers,
    collect() {
      this.set(memory().regions);
    },
  });
  addPools(memory, registers);
  const ended = new Counter({
    name: 'acceld_regions_ended_total',
    help: 'Regions that were released, whose lease ended, or that went with the daemon.',
    labelNames: ['reason'],
    registers,
  });
  return (event) => {
    if (event.kind === 'region-ended') ended.inc({ reason: event.reason });
  };
}

function addPools(memory: () => MemoryReading, registers: Registry[]): void {
  const labelled = { labelNames: ['pool'], registers };
  new Gauge({
    name: 'acceld_pool_hit_ratio',
    help: 'Share of the wishes since the start that a pool had memory for: 1, all of them.',
    ...labelled,
    collect() {
      for (const { name, hits, misses } of memory().pools) {
        this.set({ pool: name }, hits + misses === 0 ? 1 : hits / (hits + misses));
      }
    },
  });
  new Gauge({
    name: 'acceld_pool_free_bytes',
    help: 'Memory that a pool keeps and nobody uses.',
    ...labelled,
    collect() {
      for (const { name, freeBytes } of memory().pools) this.set({ pool: name }, freeBytes);
    },
  });
}
