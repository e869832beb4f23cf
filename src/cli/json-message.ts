// Checks JSON against a message type before it is encoded: the encoder would pass over an unknown name in silence.
import { Precision } from '../client/index.js';
import type { Api, Field } from './api.js';

type Json = Readonly<Record<string, unknown>>;

interface Checked {
  readonly message: Json;
  /** One sentence for each thing that is wrong. */
  readonly problems: readonly string[];
}

export class JsonMessage {
  readonly #api: Api;
  readonly #codeColumns: Readonly<Record<string, string | null>>;
  readonly #problems: string[] = [];
  #isNarrow = false;

  /** `codeColumns`: for columns of codes, the enum; from the catalog. */
  constructor(api: Api, codeColumns: Readonly<Record<string, string | null>>) {
    this.#api = api;
    this.#codeColumns = codeColumns;
  }

  check(json: unknown, typeName: string): Checked {
    const execution = isObject(json) && isObject(json['execution']) ? json['execution'] : {};
    const asked = String(execution['precision']).toUpperCase();
    const narrow = Precision.PRECISION_F32;
    this.#isNarrow = [String(narrow), Precision[narrow], 'F32'].includes(asked);
    const message = this.#message(json, typeName, '') as Json;
    return { message, problems: this.#problems };
  }

  #message(json: unknown, typeName: string, path: string): unknown {
    if (!isObject(json)) return this.#reject(path || 'the request', 'an object', json);
    const fields = this.#api.fields(typeName) ?? [];
    const known = new Map(fields.map((field) => [field.name, field]));
    const entries = Object.entries(json).map(([name, value]) => {
      const field = known.get(name);
      const fieldPath = path ? `${path}.${name}` : name;
      if (field) return [name, this.#field(value, field, fieldPath)];
      this.#problems.push(`${fieldPath} is no field; fields are ${[...known.keys()].join(', ')}`);
      return [name, undefined];
    });
    return Object.fromEntries(entries);
  }

  #field(value: unknown, field: Field, path: string): unknown {
    if (field.typeName === 'Tensor' && !isObject(value)) return this.#tensor(value, path);
    if (field.label !== 'LABEL_REPEATED') return this.#value(value, field, path);
    if (!Array.isArray(value)) return this.#reject(path, 'an array', value);
    return value.map((element, index) => this.#value(element, field, `${path}[${index}]`));
  }

  #value(value: unknown, { type, typeName }: Field, path: string): unknown {
    switch (type) {
      case 'TYPE_MESSAGE':
        return this.#message(value, typeName, path);
      case 'TYPE_ENUM':
        return this.#code(value, typeName, path);
      case 'TYPE_BOOL':
        return typeof value === 'boolean' ? value : this.#reject(path, 'true or false', value);
      case 'TYPE_STRING':
        return typeof value === 'string' ? value : this.#reject(path, 'a string', value);
      case 'TYPE_BYTES':
        return isBase64(value) ? value : this.#reject(path, 'base64', value);
      case 'TYPE_DOUBLE':
      case 'TYPE_FLOAT':
        return typeof value === 'number' ? value : this.#reject(path, 'a number', value);
      default:
        return isWhole(value) ? value : this.#reject(path, 'a whole number', value);
    }
  }

  /** A code as a number or a name; the part of the name that every code shares may be left out. */
  #code(value: unknown, typeName: string, path: string): unknown {
    const codes = this.#api.codes(typeName);
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    const prefix = [...codes.keys()][0]!.replace(/UNSPECIFIED$/, '');
    const code = typeof value === 'string' ? (codes.get(value) ?? codes.get(prefix + value.toUpperCase())) : undefined;
    return code ?? this.#reject(path, `one of ${[...codes.keys()].join(', ')}`, value);
  }

  /** A number or an array in place of a tensor. */
  #tensor(value: unknown, path: string): unknown {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const codesOf = this.#codeColumns[path];
    if (typeof codesOf === 'string') {
      const codes = values.map((code, index) => this.#code(code, codesOf, `${path}[${index}]`));
      return { dtype: 'DATA_TYPE_U8', shape: [codes.length], data: Buffer.from(codes as number[]) };
    }
    const odd = values.findIndex((element) => typeof element !== 'number');
    if (odd >= 0) return this.#reject(`${path}[${odd}]`, 'a number', values[odd]);
    const numbers = this.#isNarrow ? Float32Array.from(values as number[]) : Float64Array.from(values as number[]);
    const dtype = this.#isNarrow ? 'DATA_TYPE_F32' : 'DATA_TYPE_F64';
    return { dtype, shape: [numbers.length], data: Buffer.from(numbers.buffer) };
  }

  #reject(path: string, expected: string, value: unknown): undefined {
    this.#problems.push(`${path} must be ${expected}, got ${JSON.stringify(value)?.slice(0, 64) ?? 'nothing'}`);
    return undefined;
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** 64-bit numbers may come as strings, as JavaScript's numbers do not hold them all. */
const isWhole = (value: unknown): boolean =>
  Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value));

const isBase64 = (value: unknown): boolean =>
  typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);

const elementTypes = new Map<unknown, (bytes: ArrayBuffer) => ArrayLike<number>>([
  ['DATA_TYPE_F64', (bytes) => new Float64Array(bytes)],
  ['DATA_TYPE_F32', (bytes) => new Float32Array(bytes)],
  ['DATA_TYPE_U32', (bytes) => new Uint32Array(bytes)],
  ['DATA_TYPE_U8', (bytes) => new Uint8Array(bytes)],
]);

/** The reply with arrays of numbers in place of tensors. */
export function withArrays(reply: Json, fields: readonly Field[]): Json {
  const tensors = new Set(fields.filter(({ typeName }) => typeName === 'Tensor').map(({ name }) => name));
  const arrayOf = ({ dtype, data }: Json) => {
    const bytes = Uint8Array.from(Buffer.from(String(data), 'base64'));
    return Array.from(elementTypes.get(dtype)?.(bytes.buffer) ?? []);
  };
  const entries = Object.entries(reply).map(([name, value]) =>
    tensors.has(name) && isObject(value) ? [name, arrayOf(value)] : [name, value],
  );
  return Object.fromEntries(entries) as Json;
}
