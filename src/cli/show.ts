// Values of the API as people and programs read them.
import { Device, Precision, Priority, Rung, Voice, type Receipt } from '../client/index.js';
import { clean } from './terminal.js';

/** "DEVICE_NEURAL_ENGINE" → "neural-engine" */
export const wordOf = (name: string, prefix: string): string =>
  name.slice(prefix.length).toLowerCase().replaceAll('_', '-');

export const deviceWord = (device: Device): string => wordOf(Device[device] ?? '', 'DEVICE_');
export const precisionWord = (precision: Precision): string => wordOf(Precision[precision] ?? '', 'PRECISION_');
export const rungWord = (rung: Rung): string => wordOf(Rung[rung] ?? '', 'RUNG_');
export const voiceWord = (voice: Voice): string => wordOf(Voice[voice] ?? '', 'VOICE_');
export const priorityWord = (priority: Priority): string => wordOf(Priority[priority] ?? '', 'PRIORITY_');

const tables: ReadonlyMap<string, Readonly<Record<number, string>>> = new Map<string, Readonly<Record<number, string>>>(
  [
    ['device', Device],
    ['from', Device],
    ['precision', Precision],
    ['priority', Priority],
    ['rung', Rung],
    ['floor', Rung],
    ['voice', Voice],
    ['lost', Voice],
  ],
);

/** A reply as plain JSON: columns as arrays, bigints as strings, enums by name, and null for what is not set. */
export function plain(value: unknown, key = ''): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return tables.get(key)?.[value] ?? value;
  if (Array.isArray(value)) return value.map((element) => plain(element, key));
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field, name)]));
}

/** Nanoseconds as people read them. */
export function duration(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} us`;
  return ns < 1e9 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e9).toFixed(2)} s`;
}

/** The same of seconds. */
export const secondsText = (count: number): string => duration(Math.round(count * 1e9));

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(count) / 10));
  return `${(count / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A receipt in one or two sentences. */
export function receiptLine(receipt: Receipt): string {
  const { deviceName, engine, kernelDigest, queueNs, computeNs, totalNs, fallback } = receipt;
  const what = `${precisionWord(receipt.precision)}, kernel ${kernelDigest || 'none'} (${engine || 'no engine'})`;
  const bits = receipt.reproducible ? 'reproducible' : 'not reproducible';
  const times = `compute ${duration(computeNs)}, queue ${duration(queueNs)}, total ${duration(totalNs)}`;
  const chosen = receipt.classified;
  const why = chosen ? ` Priority ${priorityWord(chosen.priority)}: ${chosen.reason}.` : '';
  const instead = fallback ? ` Instead of ${deviceWord(fallback.from)}: ${fallback.reason}.` : '';
  return clean(`Ran on ${deviceWord(receipt.device)} ${deviceName}: ${what}, ${bits}; ${times}.${instead}${why}`);
}
