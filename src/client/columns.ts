// Columns of the caller to tensors of a request and back. Typed arrays cross as views of the same memory.
import { endianness } from 'node:os';
import { Precision } from '../gen/acceld/v1/execution.js';
import { DataType, type Tensor } from '../gen/acceld/v1/tensor.js';
import { invalidArguments, localFault, type Violation } from './fault.js';
import { RegionColumn } from './region-column.js';
import type { Method, ValueColumn } from './types.js';

/** A request with tensors in place of columns, as `fromPartial` of its codec takes it. */
export type WireMessage = Readonly<Record<string, unknown>>;

type Numbers = Float64Array | Float32Array;

/** Tensors are little-endian, and the client sends the memory as it is. */
export function assertLittleEndian(order: string = endianness()): void {
  if (order !== 'LE') throw localFault('INVALID_INPUT', 'acceld clients need a little-endian machine');
}

/** Converts every column. Columns of f32 imply PRECISION_F32 where the request does not say a precision. */
export function toWire(method: Method, request: Readonly<Record<string, unknown>>): WireMessage {
  const given = Object.entries(method.requestColumns).filter(([field]) => request[field] !== undefined);
  if (given.length === 0) return request;
  const columns = given.map(([field, codes]) => ({ field, isCodes: codes !== null, value: request[field] }));
  const numbers = columns.filter(({ isCodes }) => !isCodes);
  const narrow = numbers
    .filter(({ value }) => value instanceof Float32Array || isNarrowRegion(value))
    .map(({ field }) => field);
  const wide = numbers
    .filter(({ value }) => value instanceof Float64Array || isWideRegion(value))
    .map(({ field }) => field);
  const execution = (request['execution'] ?? {}) as { readonly precision?: Precision };
  const precision = execution.precision || (narrow.length > 0 ? Precision.PRECISION_F32 : undefined);
  const isNarrow = precision === Precision.PRECISION_F32;
  const violations = precisionViolations({ narrow, wide, asked: execution.precision });
  const wire: Record<string, unknown> = { ...request };
  if (precision !== undefined) wire['execution'] = { ...execution, precision };
  for (const { field, isCodes, value } of columns) {
    if (value instanceof RegionColumn) {
      wire[field] = value.tensor;
      continue;
    }
    const tensor = isCodes ? codesTensor(value) : numbersTensor(value, isNarrow);
    if (typeof tensor === 'string') violations.push({ field: wireName(field), description: tensor });
    else wire[field] = tensor;
  }
  if (violations.length > 0) throw invalidArguments(violations);
  return wire;
}

const isNarrowRegion = (value: unknown): boolean =>
  value instanceof RegionColumn && value.tensor.dtype === DataType.DATA_TYPE_F32;
const isWideRegion = (value: unknown): boolean =>
  value instanceof RegionColumn && value.tensor.dtype === DataType.DATA_TYPE_F64;

/** "dividendYield" → "dividend_yield", the name of the field in the proto file and in every violation. */
export const wireName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

interface Precisions {
  readonly narrow: readonly string[];
  readonly wide: readonly string[];
  readonly asked: Precision | undefined;
}

/** Widening or narrowing an array unasked would hide a loss of precision or a copy. */
function precisionViolations({ narrow, wide, asked }: Precisions): Violation[] {
  const reject = (fields: readonly string[], description: string): Violation[] =>
    fields.map((field) => ({ field: wireName(field), description }));
  if (asked === Precision.PRECISION_F32) return reject(wide, 'must be no Float64Array under PRECISION_F32');
  if (asked === Precision.PRECISION_F64) return reject(narrow, 'must be no Float32Array under PRECISION_F64');
  if (narrow.length === 0) return [];
  return reject(wide, `must be a Float32Array as ${narrow.map(wireName).join(', ')}, or those must be Float64Arrays`);
}

/** Where the value is no column: what it must be. */
function numbersTensor(value: unknown, isNarrow: boolean): Tensor | string {
  if (value instanceof Float64Array || value instanceof Float32Array) return numbersView(value);
  const values = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(values)) return `must be a number, number[], Float64Array or Float32Array, got ${show(value)}`;
  const odd = values.findIndex((element) => typeof element !== 'number');
  if (odd >= 0) return `must hold numbers, got ${show(values[odd])} at ${odd}`;
  return numbersView(isNarrow ? Float32Array.from(values) : Float64Array.from(values));
}

const numbersView = (values: Numbers): Tensor => ({
  dtype: values instanceof Float32Array ? DataType.DATA_TYPE_F32 : DataType.DATA_TYPE_F64,
  shape: [values.length],
  data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

function codesTensor(value: unknown): Tensor | string {
  const codes = typeof value === 'number' ? [value] : value;
  if (!(codes instanceof Uint8Array) && !Array.isArray(codes)) {
    return `must be a code, number[] or Uint8Array, got ${show(value)}`;
  }
  if (Array.isArray(codes)) {
    const odd = codes.findIndex((code) => !Number.isInteger(code) || code < 0 || code > 255);
    if (odd >= 0) return `must hold codes from 0 to 255, got ${show(codes[odd])} at ${odd}`;
  }
  const data = codes instanceof Uint8Array ? codes : Uint8Array.from(codes as number[]);
  return { dtype: DataType.DATA_TYPE_U8, shape: [data.length], data };
}

const show = (value: unknown): string =>
  typeof value === 'object' && value !== null ? value.constructor.name : (JSON.stringify(value) ?? String(value));

/** Constructor of the column of each type. */
export const columnTypes = {
  [DataType.DATA_TYPE_F64]: Float64Array,
  [DataType.DATA_TYPE_F32]: Float32Array,
  [DataType.DATA_TYPE_U32]: Uint32Array,
  [DataType.DATA_TYPE_U8]: Uint8Array,
} as const;

export type ColumnType = keyof typeof columnTypes;

/** The tensor's type if the tensor is one whole column; otherwise the reply is faulty. */
export function columnType(field: string, { dtype, shape, data }: Tensor): ColumnType {
  const type = dtype as ColumnType;
  const bytes = columnTypes[type]?.BYTES_PER_ELEMENT;
  if (shape.length === 1 && bytes !== undefined && data.byteLength === shape[0]! * bytes) return type;
  throw localFault('REPLY_INVALID', `column ${field} of the reply is malformed`);
}

/** The column as a view of the message; copied only where its place in the message is not aligned. */
export function fromTensor(field: string, tensor: Tensor): ValueColumn {
  const Column = columnTypes[columnType(field, tensor)];
  const { data } = tensor;
  const isAligned = data.byteOffset % Column.BYTES_PER_ELEMENT === 0;
  // Buffer.slice makes a view, Uint8Array's own makes the copy.
  const bytes = isAligned ? data : Uint8Array.prototype.slice.call(data);
  return new Column(bytes.buffer as ArrayBuffer, bytes.byteOffset, data.byteLength / Column.BYTES_PER_ELEMENT);
}
