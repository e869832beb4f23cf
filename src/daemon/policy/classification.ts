// The priority of calls that name none: by the size of the call, and by what the caller's calls of the operation took of
// late. Never ORDER, which a caller must ask for, and never BACKGROUND, which might not run for hours.
import { Priority } from '../../gen/acceld/v1/execution.js';
import type { Classify } from '../base/classification.js';
import type { Clock } from '../base/clock.js';
import type { Event } from '../base/events.js';
import type { ClassificationSettings } from './settings.js';

/** What was used before counts less and less: after this time a third of it. */
const memoryNs = 10e9;
/** Pairs of caller and operation that are remembered; the one that was idle longest is forgotten first. */
const usesMax = 1024;

interface Use {
  /** Device time, faded. */
  readonly ns: number;
  readonly atNs: number;
}

export class Classification {
  readonly #clock: Clock;
  readonly #uses = new Map<string, Use>();
  readonly #settings: () => ClassificationSettings;

  constructor(settings: () => ClassificationSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  readonly classify: Classify = ({ caller, operation, estimateNs }) => {
    const { enabled, batch_ms: batchMs, batch_cores: batchCores } = this.#settings();
    if (!enabled) return undefined;
    const estimateMs = estimateNs / 1e6;
    if (estimateMs >= batchMs) {
      const reason = `one call takes about ${Math.round(estimateMs)} ms, and from ${batchMs} ms on it is BATCH`;
      return { priority: Priority.PRIORITY_BATCH, reason };
    }
    const cores = this.#fadedNs(`${caller} ${operation}`) / memoryNs;
    const took = `these calls took ${cores.toFixed(2)} cores in the last 10 s`;
    return cores >= batchCores
      ? { priority: Priority.PRIORITY_BATCH, reason: `${took}, and from ${batchCores} on they are BATCH` }
      : { priority: Priority.PRIORITY_INTERACTIVE, reason: `a short call, and ${took}` };
  };

  /** Learns from what is announced. */
  readonly observe = (event: Event): void => {
    if (event.kind !== 'call-finished' || event.computeNs === 0 || !this.#settings().enabled) return;
    const key = `${event.caller} ${event.operation}`;
    const ns = this.#fadedNs(key) + event.computeNs;
    this.#uses.delete(key);
    this.#uses.set(key, { ns, atNs: this.#clock.nowNs() });
    if (this.#uses.size > usesMax) this.#uses.delete(this.#uses.keys().next().value!);
  };

  #fadedNs(key: string): number {
    const use = this.#uses.get(key);
    return use ? use.ns * Math.exp((use.atNs - this.#clock.nowNs()) / memoryNs) : 0;
  }
}
