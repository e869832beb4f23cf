// The calls by operation, device, priority and outcome, which are closed lists, and by caller. Counted once for everybody who
// reads: metrics, status and history.
import { Device, Priority } from '../../gen/acceld/v1/execution.js';
import type { CallFinished } from '../base/events.js';
import { callerStatesMax } from '../base/limits.js';
import { Durations } from './duration-metrics.js';
import { RecentCalls, slotsPerMinute } from './recent.js';

export const callLabels = ['operation', 'device', 'priority', 'outcome'] as const;

export type CallLabels = Readonly<Record<(typeof callLabels)[number], string>>;

/** What the calls of one series came to since the daemon began, and lately. */
export interface CallSeries {
  readonly labels: CallLabels;
  readonly total: Durations;
  readonly queue: Durations;
  readonly recent: RecentCalls;
  rows: number;
  requestBytes: number;
  responseBytes: number;
  copiedBytes: number;
  sharedBytes: number;
  deviceSeconds: number;
}

/** What one caller had. */
export interface CallerSeries {
  readonly name: string;
  calls: number;
  deviceNs: number;
  readonly recent: { calls: number; deviceNs: number }[];
}

/** "cpu" for DEVICE_CPU. */
export const shortName = (name: string | undefined): string =>
  (name ?? 'unknown').replace(/^[A-Z]+_/, '').toLowerCase();

/** Stands for the callers beyond the limit: a stream of new users cannot fill the memory. */
const others = 'other';

export class CallTable {
  readonly series = new Map<string, CallSeries>();
  readonly callers = new Map<string, CallerSeries>();
  /** The slot of recent.ts that counts now. */
  slot = 0;

  add(event: CallFinished): void {
    const series = this.#seriesOf(event);
    series.recent.add(this.slot, event);
    series.total.observe(event.totalNs / 1e9);
    series.requestBytes += event.requestBytes;
    series.responseBytes += event.responseBytes;
    this.#addToCaller(event);
    if (event.outcome !== 'OK') return;
    series.copiedBytes += event.copiedBytes;
    series.sharedBytes += event.sharedBytes;
    series.queue.observe(event.queueNs / 1e9);
    series.deviceSeconds += event.computeNs / 1e9;
    series.rows += event.rows;
  }

  /** The next slot counts from zero. */
  begin(slot: number): void {
    for (const { recent } of this.series.values()) recent.clear(slot);
    for (const { recent } of this.callers.values()) recent[slot] = { calls: 0, deviceNs: 0 };
    this.slot = slot;
  }

  #addToCaller({ caller: name, computeNs }: CallFinished): void {
    const caller = this.callers.get(name) ?? this.#newCaller(name);
    const recent = caller.recent[this.slot]!;
    caller.calls += 1;
    caller.deviceNs += computeNs;
    recent.calls += 1;
    recent.deviceNs += computeNs;
  }

  #newCaller(name: string): CallerSeries {
    const key = this.callers.size < callerStatesMax ? name : others;
    const known = this.callers.get(key);
    if (known) return known;
    const recent = Array.from({ length: slotsPerMinute }, () => ({ calls: 0, deviceNs: 0 }));
    const caller = { name: key, calls: 0, deviceNs: 0, recent };
    this.callers.set(key, caller);
    return caller;
  }

  #seriesOf({ operation, device, priority, outcome }: CallFinished): CallSeries {
    const key = `${operation} ${device} ${priority} ${outcome}`;
    const known = this.series.get(key);
    if (known) return known;
    const labels = { operation, device: shortName(Device[device]), priority: shortName(Priority[priority]), outcome };
    const series = {
      labels,
      total: new Durations(labels),
      queue: new Durations(labels),
      recent: new RecentCalls(),
      rows: 0,
      requestBytes: 0,
      responseBytes: 0,
      copiedBytes: 0,
      sharedBytes: 0,
      deviceSeconds: 0,
    };
    this.series.set(key, series);
    return series;
  }
}

/** What a caller had in the last minute. */
export const lastMinute = ({ recent }: CallerSeries): { calls: number; deviceNs: number } =>
  recent.reduce((sum, { calls, deviceNs }) => ({ calls: sum.calls + calls, deviceNs: sum.deviceNs + deviceNs }), {
    calls: 0,
    deviceNs: 0,
  });
