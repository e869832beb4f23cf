// Cuts a long batch into messages. Pure: rows in, parts out, and faults back to the caller's rows.
import type { Tensor } from '../gen/acceld/v1/tensor.js';
import { wireName, type WireMessage } from './columns.js';
import { Fault, invalidArguments } from './fault.js';
import type { Method } from './types.js';

/** 8 columns of this length are 1 MB, the size at which a message's fixed cost no longer shows. */
export const rowsPerMessageMax = 16_384;

/** Rows `offset` to `offset + rows` of a batch, as one request. */
export interface Part {
  readonly offset: number;
  readonly rows: number;
  readonly message: WireMessage;
}

export interface Batch {
  readonly rows: number;
  readonly parts: readonly Part[];
  /** Names of the fields that differ between the parts; the others are sent whole in each. */
  readonly cutFields: readonly string[];
}

/** Undefined: the request is sent as it is. */
export function cut(method: Method, message: WireMessage): Batch | undefined {
  if (!method.rowsIndependent) return undefined;
  const fields = Object.keys(method.requestColumns).filter((field) => message[field] !== undefined);
  const tensors = new Map(fields.map((field) => [field, message[field] as Tensor]));
  // What lies in regions is no burden for a message, and its rows are not the client's to cut.
  const outputs = message['outputs'] as ReadonlyMap<string, unknown> | undefined;
  if ((outputs?.size ?? 0) > 0 || [...tensors.values()].some(({ region }) => region !== undefined)) return undefined;
  const rows = Math.max(...[...tensors.values()].map(lengthOf));
  if (!(rows > rowsPerMessageMax)) return undefined;
  const cutFields = fields.filter((field) => lengthOf(tensors.get(field)!) !== 1);
  const odd = cutFields.filter((field) => lengthOf(tensors.get(field)!) !== rows);
  if (odd.length > 0) {
    const description = `must have 1 or ${rows} elements as the longest column`;
    throw invalidArguments(odd.map((field) => ({ field: wireName(field), description })));
  }
  const offsets = Array.from({ length: Math.ceil(rows / rowsPerMessageMax) }, (_, index) => index * rowsPerMessageMax);
  const parts = offsets.map((offset) => {
    const range = { offset, rows: Math.min(rowsPerMessageMax, rows - offset) };
    const slices = cutFields.map((field) => [field, sliceOf(tensors.get(field)!, range)]);
    return { ...range, message: { ...message, ...(Object.fromEntries(slices) as WireMessage) } };
  });
  return { rows, parts, cutFields };
}

const lengthOf = (tensor: Tensor): number => tensor.shape[0]!;

function sliceOf({ dtype, shape, data }: Tensor, { offset, rows }: Pick<Part, 'offset' | 'rows'>): Tensor {
  const elementBytes = data.byteLength / shape[0]!;
  return { dtype, shape: [rows], data: data.subarray(offset * elementBytes, (offset + rows) * elementBytes) };
}

/** The fault of one part with the rows of the whole batch: "spot.data[17]" of the second part is row 16,401. */
export function withCallersRows(fault: Fault, { offset }: Part, cutFields: readonly string[]): Fault {
  const cutNames = new Set(cutFields.map(wireName));
  const violations = fault.violations.map(({ field, description }) => {
    const [, name, row] = /^(\w+)\.data\[(\d+)\]$/.exec(field) ?? [];
    if (name === undefined || !cutNames.has(name)) return { field, description };
    return { field: `${name}.data[${Number(row) + offset}]`, description };
  });
  return new Fault({ ...fault, message: fault.message, cause: fault.cause, violations });
}
