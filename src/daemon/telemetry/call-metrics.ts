// What calls came to, by operation, device, priority and outcome, and, for operators alone, by caller.
import { Counter, Registry } from 'prom-client';
import { callLabels, type CallSeries, type CallTable } from './call-series.js';
import { registerDurations } from './duration-metrics.js';

/** Counters are added up in the table and handed over when somebody scrapes: four look-ups fewer for each call. */
export function registerCallMetrics(table: CallTable, registry: Registry): void {
  const registers = [registry];
  const each = (field: 'total' | 'queue') => () => [...table.series.values()].map((series) => series[field]);
  registerDurations({ name: 'acceld_call_seconds', help: 'Arrival to answer.' }, each('total'), registry);
  const queueHelp = 'Admission to the first instruction on the device, of calls that ran.';
  registerDurations({ name: 'acceld_queue_seconds', help: queueHelp }, each('queue'), registry);
  const count = (
    field: Exclude<keyof CallSeries, 'labels' | 'total' | 'queue' | 'recent'>,
    metric: { name: string; help: string },
  ): void => {
    new Counter({
      ...metric,
      labelNames: callLabels,
      registers,
      collect() {
        this.reset();
        for (const series of table.series.values()) this.inc(series.labels, series[field]);
      },
    });
  };
  count('deviceSeconds', { name: 'acceld_device_seconds_total', help: 'Device time, summed over threads.' });
  count('rows', { name: 'acceld_rows_total', help: 'Rows of calls that succeeded.' });
  count('requestBytes', { name: 'acceld_request_bytes_total', help: 'Bytes of request messages.' });
  count('responseBytes', { name: 'acceld_response_bytes_total', help: 'Bytes of response messages.' });
  count('copiedBytes', { name: 'acceld_bytes_copied_total', help: 'Bytes of columns inside messages.' });
  count('sharedBytes', { name: 'acceld_bytes_shared_total', help: 'Bytes of columns used where they lie in regions.' });
}

/** Series that name callers: who trades when is for operators alone. */
export function createCallerMetrics(table: CallTable): Registry {
  const registry = new Registry();
  const options = { labelNames: ['caller'], registers: [registry] };
  new Counter({
    name: 'acceld_caller_calls_total',
    help: 'Calls answered.',
    ...options,
    collect() {
      this.reset();
      for (const { name, calls } of table.callers.values()) this.inc({ caller: name }, calls);
    },
  });
  new Counter({
    name: 'acceld_caller_device_seconds_total',
    help: 'Device time of a caller, summed over threads.',
    ...options,
    collect() {
      this.reset();
      for (const { name, deviceNs } of table.callers.values()) this.inc({ caller: name }, deviceNs / 1e9);
    },
  });
  return registry;
}
