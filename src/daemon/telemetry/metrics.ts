// Events to Prometheus series. Only the files called metrics know metric names. Labels come from closed lists alone: no series
// is named by a client, so no client can fill the memory or learn who else trades.
import { monitorEventLoopDelay, PerformanceObserver, constants as perf } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Priority } from '../../gen/acceld/v1/execution.js';
import type { PolicyReading } from '../base/allowance.js';
import type { ConfigurationEvent, Event, PolicyEvent } from '../base/events.js';
import type { MemoryReading } from '../base/memory-reading.js';
import { createCallerMetrics, registerCallMetrics } from './call-metrics.js';
import { shortName, type CallTable } from './call-series.js';
import { createConfigurationMetrics } from './configuration-metrics.js';
import { createDeviceMetrics, type DeviceReading } from './device-metrics.js';
import { durationBuckets } from './duration-metrics.js';
import { createHistoryMetrics, type HistoryReading } from './history-metrics.js';
import { createMemoryMetrics } from './memory-metrics.js';
import { createPolicyMetrics } from './policy-metrics.js';

/**
 * Sampling interval of the event loop's lag: a stall of 40 ms is always seen, one of 5 ms by one sample in eight. Sampling
 * every 5 ms would cost an idle daemon 1.5 % of a core.
 */
const lagSampleMs = 40;
/** The lag's percentiles are those of the last one to two minutes. */
const lagWindowMs = 60_000;

export interface Metrics {
  readonly observe: (event: Event) => void;
  readonly text: () => Promise<string>;
  /** With the series that name callers. */
  readonly textForOperators: () => Promise<string>;
  readonly contentType: string;
  readonly close: () => void;
}

/** Facts that are read at the time of a scrape. */
export interface Readings {
  readonly version: string;
  readonly lanes: () => readonly { readonly priority: Priority; readonly queued: number; readonly running: number }[];
  readonly devices: () => readonly DeviceReading[];
  readonly memory: () => MemoryReading;
  readonly runtimeIsSupported: boolean;
  /** Counted by somebody else. */
  readonly calls: CallTable;
  readonly busyRatio: (device: DeviceReading) => number;
  /** Seconds since the Unix epoch. */
  readonly startSeconds: number;
  /** Undefined: there is no policy. */
  readonly policy: (() => PolicyReading) | undefined;
  /** Undefined: nothing is kept. */
  readonly history: () => HistoryReading | undefined;
}

export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  registerCallMetrics(readings.calls, registry);
  const callers = createCallerMetrics(readings.calls);
  addReadings(readings, registers);
  createHistoryMetrics(readings.history, registers);
  const observers = [
    observeConnections(registers),
    createDeviceMetrics(readings, registers),
    createMemoryMetrics(readings.memory, registers),
  ];
  const observeConfiguration = createConfigurationMetrics(registers);
  const observePolicy = readings.policy && createPolicyMetrics(readings.policy, registers);
  const closeLag = addEventLoopLag(registers);
  const closePauses = addGarbageCollection(registers);
  return {
    observe: (event) => {
      if (event.kind === 'call-finished') return;
      for (const observe of observers) observe(event);
      if (isOfConfiguration(event)) observeConfiguration(event);
      else if (isOfPolicy(event)) observePolicy?.(event);
    },
    text: () => registry.metrics(),
    textForOperators: () => Registry.merge([registry, callers]).metrics(),
    contentType: registry.contentType,
    close: () => {
      closeLag();
      closePauses();
    },
  };
}

const isOfConfiguration = (event: Event): event is ConfigurationEvent => event.kind.startsWith('configuration-');
const isOfPolicy = (event: Event): event is PolicyEvent => /^(allowance|voice)-/.test(event.kind);

function observeConnections(registers: Registry[]): (event: Event) => void {
  const connections = new Gauge({ name: 'acceld_connections', help: 'Open connections.', registers });
  const refused = new Counter({
    name: 'acceld_connections_refused_total',
    help: 'Connections closed before HTTP/2.',
    registers,
  });
  const bugs = new Counter({
    name: 'acceld_bugs_total',
    help: 'Errors that no fault describes; each is logged.',
    registers,
  });
  return ({ kind }) => {
    if (kind === 'connection-opened') connections.inc();
    else if (kind === 'connection-closed') connections.dec();
    else if (kind === 'connection-refused') refused.inc();
    else if (kind === 'bug') bugs.inc();
  };
}

function addReadings(readings: Readings, registers: Registry[]): void {
  const info = new Gauge({ name: 'acceld_build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers });
  info.set({ version: readings.version, node: process.version }, 1);
  const supported = new Gauge({
    name: 'acceld_runtime_supported',
    help: '0: this Node.js line gets no security fixes.',
    registers,
  });
  supported.set(readings.runtimeIsSupported ? 1 : 0);
  const startHelp = 'When the daemon began, in seconds since the Unix epoch.';
  const start = new Gauge({ name: 'acceld_start_time_seconds', help: startHelp, registers });
  start.set(readings.startSeconds);
  new Gauge({
    name: 'acceld_lane_jobs',
    help: 'Jobs in a lane.',
    labelNames: ['priority', 'state'],
    registers,
    collect() {
      for (const { priority, queued, running } of readings.lanes()) {
        this.set({ priority: shortName(Priority[priority]), state: 'queued' }, queued);
        this.set({ priority: shortName(Priority[priority]), state: 'running' }, running);
      }
    },
  });
  new Gauge({
    name: 'acceld_resident_bytes',
    help: 'Resident memory of the daemon.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}

function addEventLoopLag(registers: Registry[]): () => void {
  const monitor = monitorEventLoopDelay({ resolution: lagSampleMs });
  monitor.enable();
  const timer = setInterval(() => monitor.reset(), lagWindowMs).unref();
  new Gauge({
    name: 'acceld_event_loop_lag_seconds',
    help: 'How late the event loop ran a timer, over the last minute; percentile 100 is the longest.',
    labelNames: ['percentile'],
    registers,
    collect() {
      for (const percentile of [50, 99, 100]) {
        const late = monitor.count === 0 ? 0 : monitor.percentile(percentile) / 1e9 - lagSampleMs / 1e3;
        this.set({ percentile: String(percentile) }, Math.max(0, late));
      }
    },
  });
  return () => {
    clearInterval(timer);
    monitor.disable();
  };
}

function addGarbageCollection(registers: Registry[]): () => void {
  const kinds = new Map<unknown, string>([
    [perf.NODE_PERFORMANCE_GC_MINOR, 'minor'],
    [perf.NODE_PERFORMANCE_GC_MAJOR, 'major'],
    [perf.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
    [perf.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
  ]);
  const pauses = new Histogram({
    name: 'acceld_gc_pause_seconds',
    help: 'Pauses for garbage collection.',
    labelNames: ['kind'],
    buckets: durationBuckets,
    registers,
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as { detail?: { kind?: unknown } }).detail ?? {};
      pauses.observe({ kind: kinds.get(kind) ?? 'other' }, entry.duration / 1e3);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
