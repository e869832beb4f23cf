// Results that go to regions: where each one goes, and what a reply says of it.
import type { DataType, RegionSlice, Tensor } from '../../gen/acceld/v1/tensor.js';
import type { Violations } from '../base/violations.js';
import type { Slices } from '../memory/slices.js';
import { openSlice, type Columns, type Judgement } from './columns.js';

/** A result's slice, and its bytes. */
export interface RegionResult {
  readonly slice: RegionSlice;
  readonly bytes: Uint8Array;
}

export type RegionResults = ReadonlyMap<string, RegionResult>;

/** What a job needs to know whose values the device judges. */
export interface Guarded {
  /** Undefined: the results go into the reply. */
  readonly results: RegionResults | undefined;
  /** Looks at values again that a device refused. */
  readonly judge: (judgement: Judgement) => void;
}

interface Wanted {
  /** Every result of the call: its name in the reply, and bytes of a row. */
  readonly results: ReadonlyMap<string, number>;
  readonly rows: number;
}

interface Opening {
  readonly columns: Columns;
  readonly slices: Slices;
  readonly violations: Violations;
}

/** "dividendRho" → "dividend_rho", the name in the proto file. */
export const wireName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const fieldOf = (name: string): string => `outputs["${name}"]`;

/** Undefined: a violation is noted. Throws REGION_UNKNOWN. */
export function openResults(
  given: ReadonlyMap<string, RegionSlice>,
  { results, rows }: Wanted,
  { columns, slices, violations }: Opening,
): RegionResults | undefined {
  const before = violations.count;
  for (const name of given.keys()) {
    if (!results.has(name)) violations.reject('outputs', `keyed by ${[...results.keys()].join(', ')}`, name);
  }
  const opened = new Map<string, RegionResult>();
  for (const [name, rowBytes] of results) {
    const slice = given.get(name);
    if (slice === undefined) {
      violations.reject(fieldOf(name), 'set as another result is', undefined);
      continue;
    }
    const bytes = openSlice(fieldOf(name), { slice, bytes: rows * rowBytes }, { slices, violations });
    if (bytes !== undefined) opened.set(name, { slice, bytes });
  }
  rejectOverlaps(opened, columns, violations);
  return violations.count === before ? opened : undefined;
}

/** A kernel reads and writes a row at a time in an order of its own: what overlaps would be read half written. */
function rejectOverlaps(opened: RegionResults, columns: Columns, violations: Violations): void {
  const taken = columns.shared.map(({ field, bytes }) => ({ field, bytes }));
  for (const [name, { bytes }] of opened) {
    const other = taken.find((one) => overlaps(one.bytes, bytes));
    if (other) violations.reject(fieldOf(name), 'apart from every other slice', `one that overlaps ${other.field}`);
    taken.push({ field: fieldOf(name), bytes });
  }
}

const overlaps = (a: Uint8Array, b: Uint8Array): boolean =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

/** What the reply says of a result in a region. */
export const regionTensor = ({ slice }: RegionResult, rows: number, dtype: DataType): Tensor => ({
  dtype,
  shape: [rows],
  data: new Uint8Array(),
  region: { ...slice, token: new Uint8Array() },
});

export function bytesOf(results: RegionResults): number {
  let sum = 0;
  for (const { bytes } of results.values()) sum += bytes.byteLength;
  return sum;
}
