// Reads the columns of a request: structure first, then the common number of rows, then every value.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { DataType, type Tensor } from '../../gen/acceld/v1/tensor.js';
import { dimensionsMax, rowsMax } from '../base/limits.js';
import type { Violations } from '../base/violations.js';
import type { NumberView, View } from '../base/plan.js';

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
}

const elementBytes: Readonly<Partial<Record<DataType, number>>> = {
  [DataType.DATA_TYPE_F64]: 8,
  [DataType.DATA_TYPE_F32]: 4,
  [DataType.DATA_TYPE_U32]: 4,
  [DataType.DATA_TYPE_U8]: 1,
};

export class Columns {
  readonly #violations: Violations;
  readonly #numberType: DataType;
  readonly #open: Column[] = [];

  constructor(precision: Precision, violations: Violations) {
    this.#numberType = precision === Precision.PRECISION_F32 ? DataType.DATA_TYPE_F32 : DataType.DATA_TYPE_F64;
    this.#violations = violations;
  }

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
    const length = this.#length(field, tensor, dtype);
    if (length === undefined) return undefined;
    const column = { field, bytes: tensor.data, length };
    this.#open.push(column);
    return column;
  }

  #length(field: string, { dtype, shape, data }: Tensor, wanted: DataType): number | undefined {
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
    } else if (length < 1 || length > rowsMax) {
      this.#violations.reject(`${field}.shape`, `[1] to [${rowsMax}]`, `[${length}]`);
    } else if (this.#violations.count === before && data.byteLength !== length * elementBytes[wanted]!) {
      const bytes = length * elementBytes[wanted]!;
      this.#violations.reject(
        `${field}.data`,
        `${bytes} bytes (${length} x ${DataType[wanted]})`,
        `${data.byteLength}`,
      );
    }
    return this.#violations.count === before ? length : undefined;
  }

  /** The numbers of a column, each of them checked. Bytes at an odd place in the message are copied to an aligned one. */
  values(column: Column, range: Range): NumberView {
    const values = this.unchecked(column);
    const { min, max, zero = false } = values instanceof Float32Array ? narrowed(range) : range;
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row]!;
      if ((value >= min && value <= max) || (zero && value === 0)) continue;
      this.#violations.reject(`${column.field}.data[${row}]`, `${zero ? '0 or ' : ''}${min} to ${max}`, value);
    }
    return values;
  }

  /** The numbers of a column as they are: the kernel judges each row. */
  unchecked({ bytes, length }: Column): NumberView {
    const wide = this.#numberType === DataType.DATA_TYPE_F64;
    const whole = bytes.byteOffset % (wide ? 8 : 4) === 0;
    const buffer = (
      whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    ) as ArrayBuffer;
    const offset = whole ? bytes.byteOffset : 0;
    return wide ? new Float64Array(buffer, offset, length) : new Float32Array(buffer, offset, length);
  }

  /** The codes of a column, each of them a known code other than 0. */
  codeValues(column: Column, name: string, table: Readonly<Record<number, string>>): Uint8Array {
    for (let row = 0; row < column.length; row += 1) {
      const code = column.bytes[row]!;
      if (code !== 0 && table[code] !== undefined) continue;
      this.#violations.reject(`${column.field}.data[${row}]`, `a code of ${name}`, table[code] ?? code);
    }
    return column.bytes;
  }
}

/** The same borders as fp32 has them, so that a border value stays legal in either precision. */
const narrowed = ({ min, max, zero = false }: Range): Range => ({ min: Math.fround(min), max: Math.fround(max), zero });

/** A result as a tensor over the same memory. */
export function columnOf(values: View): Tensor {
  return {
    dtype: typeOf(values),
    shape: [values.length],
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function typeOf(values: View): DataType {
  if (values instanceof Float64Array) return DataType.DATA_TYPE_F64;
  if (values instanceof Float32Array) return DataType.DATA_TYPE_F32;
  return values instanceof Uint32Array ? DataType.DATA_TYPE_U32 : DataType.DATA_TYPE_U8;
}
