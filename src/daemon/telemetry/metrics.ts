// Events to Prometheus series. The only file that knows metric names. Labels come from closed lists alone: no series is
// named by a client, so no client can fill the memory or learn who else trades.
import { monitorEventLoopDelay, PerformanceObserver, constants as perf } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Device, Priority } from '../../gen/acceld/v1/execution.js';
import type { CallFinished, Event } from '../base/events.js';
import { createDeviceMetrics, type DeviceReading } from './device-metrics.js';

/** 10 us to 10 s, three steps a decade: below is the clock's noise, above no caller waits. */
const seconds = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/**
 * Sampling interval of the event loop's lag: a stall of 20 ms is always seen, one of 5 ms by one sample in four. Sampling
 * every 5 ms would cost an idle daemon 1.5 % of a core.
 */
const lagSampleMs = 20;
/** The lag's percentiles are those of the last one to two minutes. */
const lagWindowMs = 60_000;

const shortName = (name: string | undefined): string => (name ?? 'unknown').replace(/^[A-Z]+_/, '').toLowerCase();

export interface Metrics {
  readonly observe: (event: Event) => void;
  readonly text: () => Promise<string>;
  readonly contentType: string;
  readonly close: () => void;
}

/** Facts that are read at the time of a scrape. */
export interface Readings {
  readonly version: string;
  readonly lanes: () => readonly { readonly priority: Priority; readonly queued: number; readonly running: number }[];
  readonly devices: () => readonly DeviceReading[];
  readonly runtimeIsSupported: boolean;
}

export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const calls = createCallMetrics(registers);
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
  addReadings(readings, registers);
  const observeDevices = createDeviceMetrics(readings.devices, registers);
  const closeLag = addEventLoopLag(registers);
  const closePauses = addGarbageCollection(registers);
  return {
    observe: (event) => {
      if (event.kind === 'call-finished') calls(event);
      else if (event.kind === 'connection-opened') connections.inc();
      else if (event.kind === 'connection-closed') connections.dec();
      else if (event.kind === 'connection-refused') refused.inc();
      else if (event.kind === 'bug') bugs.inc();
      else observeDevices(event);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => {
      closeLag();
      closePauses();
    },
  };
}

/** What the calls of one series added since the last scrape. */
interface Sums {
  readonly labels: Record<(typeof callLabels)[number], string>;
  rows: number;
  requestBytes: number;
  responseBytes: number;
  deviceSeconds: number;
}

const callLabels = ['operation', 'device', 'priority', 'outcome'] as const;

/** Counters are added up here and handed over when somebody scrapes: four look-ups fewer for each call. */
function createCallMetrics(registers: Registry[]): (event: CallFinished) => void {
  const series = new Map<string, Sums>();
  const labelNames = callLabels;
  const common = { labelNames, buckets: seconds, registers };
  const total = new Histogram({ name: 'acceld_call_seconds', help: 'Arrival to answer.', ...common });
  const queueHelp = 'Admission to the first instruction on the device, of calls that ran.';
  const queue = new Histogram({ name: 'acceld_queue_seconds', help: queueHelp, ...common });
  const count = (field: Exclude<keyof Sums, 'labels'>, metric: { name: string; help: string }): void => {
    const collected = new Counter({
      ...metric,
      labelNames,
      registers,
      collect: () => {
        for (const sums of series.values()) {
          collected.inc(sums.labels, sums[field]);
          sums[field] = 0;
        }
      },
    });
  };
  count('deviceSeconds', { name: 'acceld_device_seconds_total', help: 'Device time, summed over threads.' });
  count('rows', { name: 'acceld_rows_total', help: 'Rows of calls that succeeded.' });
  count('requestBytes', { name: 'acceld_request_bytes_total', help: 'Bytes of request messages.' });
  count('responseBytes', { name: 'acceld_response_bytes_total', help: 'Bytes of response messages.' });
  return (event) => {
    const sums = sumsOf(series, event);
    total.observe(sums.labels, event.totalNs / 1e9);
    sums.requestBytes += event.requestBytes;
    sums.responseBytes += event.responseBytes;
    if (event.outcome !== 'OK') return;
    queue.observe(sums.labels, event.queueNs / 1e9);
    sums.deviceSeconds += event.computeNs / 1e9;
    sums.rows += event.rows;
  };
}

function sumsOf(series: Map<string, Sums>, { operation, device, priority, outcome }: CallFinished): Sums {
  const key = `${operation} ${device} ${priority} ${outcome}`;
  let sums = series.get(key);
  if (sums === undefined) {
    const labels = { operation, device: shortName(Device[device]), priority: shortName(Priority[priority]), outcome };
    sums = { labels, rows: 0, requestBytes: 0, responseBytes: 0, deviceSeconds: 0 };
    series.set(key, sums);
  }
  return sums;
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
    help: 'How late the event loop ran a timer, over the last minute; quantile 1 is the longest.',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const percentile of [50, 99, 100]) {
        const late = monitor.count === 0 ? 0 : monitor.percentile(percentile) / 1e9 - lagSampleMs / 1e3;
        this.set({ quantile: String(percentile / 100) }, Math.max(0, late));
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
    buckets: seconds,
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
