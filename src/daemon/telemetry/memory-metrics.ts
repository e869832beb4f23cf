// What the memory budget holds, and how regions end. No label names a caller.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Event } from '../base/events.js';

/** Memory at the time of a scrape. */
export interface MemoryReading {
  readonly budgetBytes: number;
  /** By kind. */
  readonly usedBytes: Readonly<Record<string, number>>;
  readonly regions: number;
}

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
