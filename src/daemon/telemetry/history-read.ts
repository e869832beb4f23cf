// Reads the past: events as they are, and the roll-ups of minutes merged into the steps that were asked for.
import type {
  HistoryCaller,
  HistoryCalls,
  HistoryEvent,
  HistoryReading,
  HistoryRung,
  ReadHistoryRequest,
  ReadHistoryResponse,
} from '../../gen/acceld/v1/admin_service.js';
import type { HistoryStore } from './history-store.js';
import { addLatencies, latencyBuckets, percentile } from './latency.js';

const rowsDefault = 1000;
/** With facts of at most 512 characters an answer of so many events stays below the limit of a message. */
const rowsMax = 4000;
const minuteMs = 60_000;

/** Rows as history-store.ts declares their tables. */
interface CallsRow extends Omit<HistoryCalls, 'beginMs'> {
  readonly at: number;
  readonly total_ns: number;
  readonly queue_ns: number;
  readonly device_ns: number;
  readonly latencies: string;
}
type CallerRow = Omit<HistoryCaller, 'beginMs'> & { readonly at: number; readonly device_ns: number };
type RungRow = Omit<HistoryRung, 'beginMs'> & { readonly at: number };
type ReadingRow = Omit<HistoryReading, 'beginMs'> & { readonly at: number };

/** `untilMs` is an instant, not 0. */
export function readHistory(store: HistoryStore, request: ReadHistoryRequest): ReadHistoryResponse {
  const limit = Math.min(rowsMax, request.rowsMax || rowsDefault);
  const source = { store, request };
  const lists = {
    events: events(source, limit + 1),
    calls: calls(source),
    callers: merged(source, { table: 'callers', key: ['caller'] }, addCaller),
    rungs: merged(source, { table: 'rungs', key: ['rung'] }, addRung),
    readings: merged(source, { table: 'readings', key: ['name'] }, addReading).map(finishReading),
  };
  const truncated = Object.values(lists).some((list) => list.length > limit);
  return {
    events: lists.events.slice(-limit),
    calls: lists.calls.slice(-limit),
    callers: lists.callers.slice(-limit),
    rungs: lists.rungs.slice(-limit),
    readings: lists.readings.slice(-limit),
    truncated,
  };
}

interface Source {
  readonly store: HistoryStore;
  readonly request: ReadHistoryRequest;
}

function events({ store, request }: Source, limit: number): HistoryEvent[] {
  const { sinceMs, untilMs, kinds } = request;
  const wanted = kinds.length === 0 ? '' : `AND kind IN (${kinds.map(() => '?').join(',')})`;
  const sql = `SELECT at AS atMs, kind, facts FROM events WHERE at >= ? AND at <= ? ${wanted} ORDER BY at DESC, rowid DESC LIMIT ?`;
  const rows = store.database.prepare(sql).all(sinceMs, untilMs, ...kinds, limit) as unknown as HistoryEvent[];
  return rows.map((row) => ({ ...row })).reverse();
}

/** Begin of the step that an instant is in. */
function stepOf(atMs: number, { sinceMs, stepMinutes }: ReadHistoryRequest): number {
  if (stepMinutes === 0) return sinceMs;
  const stepMs = stepMinutes * minuteMs;
  return Math.floor(atMs / stepMs) * stepMs;
}

/** Rows of a table with the same key in one step become one. */
function merged<Row extends { readonly at: number }, Merged>(
  { store, request }: Source,
  { table, key }: { table: string; key: readonly (keyof Row)[] },
  add: (sum: Merged | undefined, row: Row, beginMs: number) => Merged,
): Merged[] {
  const statement = store.database.prepare(`SELECT * FROM ${table} WHERE at >= ? AND at <= ? ORDER BY at, rowid`);
  const sums = new Map<string, Merged>();
  // A minute that has begun before counts: the roll-up carries its begin.
  for (const found of statement.iterate(request.sinceMs - minuteMs + 1, request.untilMs)) {
    const row = found as Row;
    const beginMs = stepOf(row.at, request);
    const name = [beginMs, ...key.map((column) => row[column])].join('\n');
    sums.set(name, add(sums.get(name), row, beginMs));
  }
  return [...sums.values()];
}

interface CallsSum extends HistoryCalls {
  readonly latencies: Float64Array;
}

function calls(source: Source): HistoryCalls[] {
  const key = ['operation', 'device', 'priority', 'outcome'] as const;
  const sums = merged<CallsRow, CallsSum>(source, { table: 'calls', key }, addCalls);
  return sums.map(({ latencies, ...rest }) => ({
    ...rest,
    p50Seconds: percentile(latencies, 0.5),
    p90Seconds: percentile(latencies, 0.9),
    p99Seconds: percentile(latencies, 0.99),
  }));
}

function addCalls(sum: CallsSum | undefined, row: CallsRow, beginMs: number): CallsSum {
  const { operation, device, priority, outcome } = row;
  const into = sum ?? {
    ...{ beginMs, operation, device, priority, outcome },
    ...{ calls: 0, rows: 0, totalSeconds: 0, queueSeconds: 0, deviceSeconds: 0 },
    ...{ p50Seconds: 0, p90Seconds: 0, p99Seconds: 0, latencies: new Float64Array(latencyBuckets) },
  };
  into.calls += row.calls;
  into.rows += row.rows;
  into.totalSeconds += row.total_ns / 1e9;
  into.queueSeconds += row.queue_ns / 1e9;
  into.deviceSeconds += row.device_ns / 1e9;
  addLatencies(into.latencies, row.latencies);
  return into;
}

function addCaller(sum: HistoryCaller | undefined, row: CallerRow, beginMs: number): HistoryCaller {
  const { calls: before, deviceSeconds } = sum ?? { calls: 0, deviceSeconds: 0 };
  return {
    beginMs,
    caller: row.caller,
    calls: before + row.calls,
    deviceSeconds: deviceSeconds + row.device_ns / 1e9,
  };
}

function addRung(sum: HistoryRung | undefined, row: RungRow, beginMs: number): HistoryRung {
  return { beginMs, rung: row.rung, seconds: (sum?.seconds ?? 0) + row.seconds };
}

interface ReadingSum extends HistoryReading {
  readonly minutes: number;
}

function addReading(sum: ReadingSum | undefined, row: ReadingRow, beginMs: number): ReadingSum {
  const { name, low, mean, high } = row;
  if (!sum) return { beginMs, name, low, mean, high, minutes: 1 };
  const minutes = sum.minutes + 1;
  return {
    beginMs,
    name,
    low: Math.min(sum.low, low),
    mean: sum.mean + (mean - sum.mean) / minutes,
    high: Math.max(sum.high, high),
    minutes,
  };
}

const finishReading = ({ minutes: _minutes, ...reading }: ReadingSum): HistoryReading => reading;
