import type { Rung } from '../base/allowance.js';
import type { CallLabels } from './call-series.js';
import type { MinuteOfCalls } from './recent.js';

/** The roll-up of one minute, as history keeps it. */
export interface Minute {
  /** Milliseconds since the Unix epoch. */
  readonly beginMs: number;
  readonly calls: readonly (CallLabels & MinuteOfCalls)[];
  readonly callers: readonly { readonly name: string; readonly calls: number; readonly deviceNs: number }[];
  readonly rungs: readonly { readonly rung: Rung; readonly seconds: number }[];
  readonly readings: readonly ReadingSpan[];
}

/** What a reading was over some time. */
export interface ReadingSpan {
  readonly name: string;
  readonly low: number;
  readonly mean: number;
  readonly high: number;
}

/** Collects readings, until they are taken. */
export class Spans {
  #spans = new Map<string, { low: number; high: number; sum: number; count: number }>();

  /** Undefined: the machine cannot say. */
  add(name: string, value: number | undefined): void {
    if (value === undefined) return;
    const span = this.#spans.get(name) ?? { low: value, high: value, sum: 0, count: 0 };
    span.low = Math.min(span.low, value);
    span.high = Math.max(span.high, value);
    span.sum += value;
    span.count += 1;
    this.#spans.set(name, span);
  }

  take(): ReadingSpan[] {
    const taken = [...this.#spans].map(([name, { low, high, sum, count }]) => ({ name, low, mean: sum / count, high }));
    this.#spans = new Map();
    return taken;
  }
}
