// Reads the columns of a request: structure first, then the common number of rows, then every value.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { DataType, type RegionSlice, type Tensor } from '../../gen/acceld/v1/tensor.js';
import type { Fault } from '../base/fault.js';
import { dimensionsMax, regionRowsMax, rowsMax } from '../base/limits.js';
import type { Rows } from '../base/plan.js';
import { Violations } from '../base/violations.js';
import { noSlices, type Slices } from '../memory/slices.js';

/** The values that a column may hold. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** 0 is allowed although min is above it. */
  readonly zero?: boolean;
}

/** A column whose structure is right; its values are not looked at yet. */
export interface Column {
  readonly field: string;
  readonly bytes: Uint8Array;
  readonly length: number;
  /** It lies in a region: its values are judged by the device right before they are used, not before. */
  readonly isShared: boolean;
}

/** Which values are judged. */
export interface Judgement {
  readonly violations: Violations;
  /** Of every column. Unset: all rows of the columns inside the message. */
  readonly rows?: Rows | undefined;
}

const elementBytes: Readonly<Partial<Record<DataType, number>>> = {
  [DataType.DATA_TYPE_F64]: 8,
  [DataType.DATA_TYPE_F32]: 4,
  [DataType.DATA_TYPE_U32]: 4,
  [DataType.DATA_TYPE_U8]: 1,
};

export class Columns {
  readonly #violations: Violations;
  readonly #slices: Slices;
  readonly #numberType: DataType;
  readonly #open: Column[] = [];

  constructor(
    readonly precision: Precision,
    violations: Violations,
    slices: Slices = noSlices,
  ) {
    this.#numberType = precision === Precision.PRECISION_F32 ? DataType.DATA_TYPE_F32 : DataType.DATA_TYPE_F64;
    this.#violations = violations;
    this.#slices = slices;
  }

  /** Those that lie in regions. */
  get shared(): readonly Column[] {
    return this.#open.filter(({ isShared }) => isShared);
  }

  /** Bytes of the columns inside the message, and of those in regions. */
  inlineBytes = 0;
  sharedBytes = 0;

  /** A column of numbers in the precision's type. Undefined: it is absent or malformed, and the violation is noted. */
  numbers(field: string, tensor: Tensor | undefined): Column | undefined {
    return this.#column(field, tensor, this.#numberType);
  }

  /** A column of enum codes, one byte each. */
  codes(field: string, tensor: Tensor | undefined): Column | undefined {
    return this.#column(field, tensor, DataType.DATA_TYPE_U8);
  }

  /** The number of rows: that of the longest column. Every other column must have as many, or one element. */
  rows(): number {
    const rows = Math.max(1, ...this.#open.map((column) => column.length));
    const longest = this.#open.find((column) => column.length === rows);
    for (const column of this.#open) {
      if (column.length === 1 || column.length === rows) continue;
      this.#violations.reject(`${column.field}.shape`, `[1] or [${rows}] as ${longest?.field}`, `[${column.length}]`);
    }
    return rows;
  }

  #column(field: string, tensor: Tensor | undefined, dtype: DataType): Column | undefined {
    if (tensor === undefined) {
      this.#violations.reject(field, 'set', undefined);
      return undefined;
    }
    const isShared = tensor.region !== undefined;
    const length = this.#length(field, tensor, { dtype, lengthMax: isShared ? regionRowsMax : rowsMax });
    if (length === undefined) return undefined;
    const bytes = this.#bytes(field, tensor, length * elementBytes[dtype]!);
    if (bytes === undefined) return undefined;
    const column = { field, bytes, length, isShared };
    this.#open.push(column);
    if (isShared) this.sharedBytes += bytes.byteLength;
    else this.inlineBytes += bytes.byteLength;
    return column;
  }

  #length(
    field: string,
    { dtype, shape }: Tensor,
    { dtype: wanted, lengthMax }: { dtype: DataType; lengthMax: number },
  ): number | undefined {
    const before = this.#violations.count;
    if (dtype !== wanted) {
      this.#violations.reject(`${field}.dtype`, DataType[wanted], DataType[dtype] ?? dtype);
    }
    const [length] = shape;
    if (shape.length !== 1 || length === undefined) {
      const shown = shape.slice(0, dimensionsMax).join(', ');
      this.#violations.reject(
        `${field}.shape`,
        'of one dimension',
        `[${shown}${shape.length > dimensionsMax ? ', …' : ''}]`,
      );
    } else if (length < 1 || length > lengthMax) {
      this.#violations.reject(`${field}.shape`, `[1] to [${lengthMax}]`, `[${length}]`);
    }
    return this.#violations.count === before ? length : undefined;
  }

  #bytes(field: string, { dtype, shape, data, region }: Tensor, wanted: number): Uint8Array | undefined {
    if (region !== undefined) {
      if (data.byteLength > 0)
        this.#violations.reject(`${field}.data`, 'empty beside a region', `${data.byteLength} bytes`);
      const opening = { slices: this.#slices, violations: this.#violations };
      return openSlice(`${field}.region`, { slice: region, bytes: wanted }, opening);
    }
    if (data.byteLength === wanted) return data;
    this.#violations.reject(
      `${field}.data`,
      `${wanted} bytes (${shape[0]} x ${DataType[dtype]})`,
      `${data.byteLength}`,
    );
    return undefined;
  }

  /** Checks the numbers of a column. */
  check(column: Column, range: Range, { violations, rows }: Judgement = { violations: this.#violations }): void {
    const borders = this.#isWide ? range : narrowed(range);
    const { min, max, zero = false } = borders;
    const { bytes } = column;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const outside = this.#isWide ? outside64 : outside32;
    const { begin, end } = judged(column, rows);
    for (let row = outside(view, begin, end, borders); row < end; row = outside(view, row + 1, end, borders)) {
      const value = this.reader(column)(row);
      violations.reject(`${column.field}.data[${row}]`, `${zero ? '0 or ' : ''}${min} to ${max}`, value);
    }
  }

  /** The number of each row, read from the message where it lies: a copy would cost more than the kernel. */
  reader({ bytes, length }: Column): (row: number) => number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const step = length === 1 ? 0 : 1;
    return this.#isWide
      ? (row) => view.getFloat64(row * step * 8, true)
      : (row) => view.getFloat32(row * step * 4, true);
  }

  /** Checks that the codes are known and not 0. */
  checkCodes(
    column: Column,
    { name, table }: { name: string; table: Readonly<Record<number, string>> },
    { violations, rows }: Judgement = { violations: this.#violations },
  ): void {
    const known = knownCodes(table);
    const { begin, end } = judged(column, rows);
    for (let row = begin; row < end; row += 1) {
      const code = column.bytes[row]!;
      if (known[code] === 1) continue;
      violations.reject(`${column.field}.data[${row}]`, `a code of ${name}`, table[code] ?? code);
    }
  }

  get #isWide(): boolean {
    return this.#numberType === DataType.DATA_TYPE_F64;
  }
}

/*
 * The next row whose value is outside the borders, or `end`. One loop for each width: a loop that reads both is compiled
 * for neither, and twice as slow.
 */
function outside64(view: DataView, begin: number, end: number, { min, max, zero = false }: Range): number {
  for (let row = begin; row < end; row += 1) {
    const value = view.getFloat64(row * 8, true);
    if (!((value >= min && value <= max) || (zero && value === 0))) return row;
  }
  return end;
}

function outside32(view: DataView, begin: number, end: number, { min, max, zero = false }: Range): number {
  for (let row = begin; row < end; row += 1) {
    const value = view.getFloat32(row * 4, true);
    if (!((value >= min && value <= max) || (zero && value === 0))) return row;
  }
  return end;
}

/** The rows of a column that a judgement covers. */
function judged({ length, isShared }: Column, rows: Rows | undefined): Rows {
  if (rows === undefined) return { begin: 0, end: isShared ? 0 : length };
  return length === 1 ? { begin: 0, end: 1 } : { begin: rows.begin, end: Math.min(rows.end, length) };
}

/** The bytes of a slice that must have so many. Undefined: the violation is noted. Throws REGION_UNKNOWN. */
export function openSlice(
  field: string,
  { slice, bytes }: { slice: RegionSlice; bytes: number },
  { slices, violations }: { slices: Slices; violations: Violations },
): Uint8Array | undefined {
  if (slice.bytes !== bytes) {
    violations.reject(`${field}.bytes`, `${bytes}`, slice.bytes);
    return undefined;
  }
  const opened = slices.open(slice);
  if ('bytes' in opened) return opened.bytes;
  violations.reject(`${field}.${opened.field}`, opened.expected, opened.got);
  return undefined;
}

/**
 * Names what is wrong where a device found a value out of range: everything in the message, and in regions the rows that the
 * device refused. `judge` looks at them again.
 */
export function outOfDomain({ begin, end }: Rows, judge: (judgement: Judgement) => void): Fault {
  const violations = new Violations();
  judge({ violations });
  if (violations.count === 0) judge({ violations, rows: { begin, end } });
  if (violations.count === 0) {
    violations.reject(
      '*',
      `in range in rows ${begin} to ${end - 1} while they are computed`,
      'a value that changed meanwhile',
    );
  }
  return violations.fault();
}

const codeTables = new WeakMap<object, Uint8Array>();

/** 1 at each code of an enum but 0. */
function knownCodes(table: Readonly<Record<number, string>>): Uint8Array {
  let known = codeTables.get(table);
  if (known === undefined) {
    known = Uint8Array.from({ length: 256 }, (_, code) => (code > 0 && table[code] !== undefined ? 1 : 0));
    codeTables.set(table, known);
  }
  return known;
}

/** The same borders as fp32 has them, so that a border value stays legal in either precision. */
export const narrowed = ({ min, max, zero = false }: Range): Range => ({
  min: Math.fround(min),
  max: Math.fround(max),
  zero,
});

/** A typed array as a tensor over the same memory. */
export function columnOf(values: Float64Array | Float32Array | Uint32Array | Uint8Array): Tensor {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: typeOf(values), shape: [values.length], data };
}

function typeOf(values: ArrayBufferView): DataType {
  if (values instanceof Float64Array) return DataType.DATA_TYPE_F64;
  if (values instanceof Float32Array) return DataType.DATA_TYPE_F32;
  return values instanceof Uint32Array ? DataType.DATA_TYPE_U32 : DataType.DATA_TYPE_U8;
}

export const dataTypeOf = (precision: Precision): DataType =>
  precision === Precision.PRECISION_F32 ? DataType.DATA_TYPE_F32 : DataType.DATA_TYPE_F64;

/** A result column as a tensor over the same memory. */
export const resultColumn = (bytes: Uint8Array, rows: number, precision: Precision): Tensor => ({
  dtype: dataTypeOf(precision),
  shape: [rows],
  data: bytes,
});

/** The numbers of a result column that is aligned, as those without room around them are. */
export const numbersIn = (bytes: Uint8Array, precision: Precision): Float64Array | Float32Array =>
  precision === Precision.PRECISION_F32
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
