// acceld history: what the daemon has kept of the past.
import type { Client, Services } from '../client/index.js';
import { UsageError } from './failure.js';
import { secondsOf } from './flags.js';
import { bytes, secondsText } from './show.js';
import { clean, table, type Terminal } from './terminal.js';

export interface HistoryFlags {
  readonly since: string;
  readonly kind?: string;
  readonly step?: string;
  readonly rows?: string;
}

export type Past = Awaited<ReturnType<Services['admin']['readHistory']>>;

export function readHistory(client: Client, flags: HistoryFlags): Promise<Past> {
  const sinceMs = Math.max(0, Date.now() - secondsOf(flags.since, '--since') * 1e3);
  const stepMinutes = flags.step === undefined ? 0 : Math.ceil(secondsOf(flags.step, '--step') / 60);
  const rowsMax = flags.rows === undefined ? 0 : Number(flags.rows);
  if (!Number.isSafeInteger(rowsMax) || rowsMax < 0) {
    throw new UsageError(`--rows must be a whole number, got ${flags.rows}`);
  }
  const kinds = flags.kind?.split(',').map((kind) => kind.trim()) ?? [];
  return client.admin.readHistory({ sinceMs, untilMs: 0, kinds, stepMinutes, rowsMax });
}

/** Kinds were asked for: the roll-ups are of no interest. */
export function printHistory(past: Past, { kind }: HistoryFlags, terminal: Terminal): void {
  const { events, calls, callers, rungs, readings, truncated } = past;
  const show = (head: string[], rows: string[][], numbersFrom: number): void => {
    if (rows.length > 0) terminal.out(`${table({ head, rows, numbersFrom }, terminal)}\n`);
  };
  for (const { atMs, kind: name, facts } of events) terminal.out(`${timeOf(atMs)}  ${clean(name)}  ${clean(facts)}\n`);
  if (events.length > 0) terminal.out('\n');
  if (kind === undefined) {
    const callsHead = ['since', 'operation', 'device', 'priority', 'outcome', 'calls', 'rows', 'p50', 'p90', 'p99'];
    show(callsHead, calls.map(callsRow), 5);
    const callerRows = callers.map(({ beginMs, caller, calls: count, deviceSeconds }) => {
      return [timeOf(beginMs), caller, String(count), secondsText(deviceSeconds)];
    });
    show(['since', 'caller', 'calls', 'device time'], callerRows, 2);
    const rungRows = rungs.map(({ beginMs, rung, seconds }) => [timeOf(beginMs), rung, secondsText(seconds)]);
    show(['since', 'allowance', 'time'], rungRows, 2);
    const readingRows = readings.map(({ beginMs, name, low, mean, high }) => {
      return [timeOf(beginMs), name, ...[low, mean, high].map((value) => valueOf(name, value))];
    });
    show(['since', 'reading', 'low', 'mean', 'high'], readingRows, 2);
  }
  const rollUps = kind === undefined ? [calls, callers, rungs, readings] : [];
  if ([events, ...rollUps].every((list) => list.length === 0)) {
    terminal.out('nothing was kept in this time\n');
  }
  if (truncated) terminal.out('there is more: the newest rows are shown (--rows)\n');
}

function callsRow(row: Past['calls'][number]): string[] {
  const { beginMs, operation, device, priority, outcome } = row;
  const latencies = [row.p50Seconds, row.p90Seconds, row.p99Seconds].map(secondsText);
  return [timeOf(beginMs), operation, device, priority, outcome, String(row.calls), String(row.rows), ...latencies];
}

/** "2026-11-24 16:15:03" in the time of this terminal. */
function timeOf(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60e3);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

function valueOf(name: string, value: number): string {
  if (name.endsWith('-bytes')) return bytes(Math.round(value));
  if (name.endsWith('-ratio') || name.endsWith('-load')) return `${(value * 100).toFixed(1)} %`;
  return String(Math.round(value * 100) / 100);
}
