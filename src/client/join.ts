// Joins the replies to the parts of a batch into one reply with columns of all rows.
import { Device, type Receipt } from '../gen/acceld/v1/execution.js';
import { DataType, type Tensor } from '../gen/acceld/v1/tensor.js';
import { columnType, columnTypes, type ColumnType } from './columns.js';
import type { Part } from './cut.js';
import { localFault } from './fault.js';
import type { Method, ValueColumn } from './types.js';

interface Column {
  readonly type: ColumnType;
  readonly values: ValueColumn;
  readonly bytes: Uint8Array;
  rowsFilled: number;
}

type WireReply = Readonly<Record<string, unknown>>;

export class Joined {
  readonly #rows: number;
  readonly #fields: readonly string[];
  readonly #columns = new Map<string, Column>();
  readonly #receipts: Receipt[] = [];
  #first: WireReply = {};

  constructor(method: Method, rows: number) {
    this.#fields = method.responseColumns;
    this.#rows = rows;
  }

  add(part: Part, reply: WireReply): void {
    if (part.offset === 0) this.#first = reply;
    if (reply['receipt'] !== undefined) this.#receipts.push(reply['receipt'] as Receipt);
    for (const field of this.#fields) {
      const tensor = reply[field] as Tensor | undefined;
      if (tensor !== undefined) this.#fill(field, part, tensor);
    }
  }

  /** The whole reply, once every part was added. */
  reply(): WireReply {
    for (const [field, { type, rowsFilled }] of this.#columns) {
      // A mask is left out of a reply in which no bit is set; a column of numbers never is.
      if (rowsFilled === this.#rows || type === DataType.DATA_TYPE_U32) continue;
      throw localFault('REPLY_INVALID', `column ${field} is missing in a part of the reply`);
    }
    const columns = Object.fromEntries(this.#fields.map((field) => [field, this.#columns.get(field)?.values]));
    return { ...this.#first, ...columns, receipt: joinReceipts(this.#receipts) };
  }

  #fill(field: string, part: Part, tensor: Tensor): void {
    const type = columnType(field, tensor);
    const column = this.#columns.get(field) ?? this.#allocate(field, type);
    if (column.type !== type || tensor.shape[0] !== part.rows) {
      throw localFault('REPLY_INVALID', `column ${field} of the reply differs between its parts`);
    }
    column.bytes.set(tensor.data, part.offset * column.values.BYTES_PER_ELEMENT);
    column.rowsFilled += part.rows;
  }

  #allocate(field: string, type: ColumnType): Column {
    const values = new columnTypes[type](this.#rows);
    const column: Column = { type, values, bytes: new Uint8Array(values.buffer), rowsFilled: 0 };
    this.#columns.set(field, column);
    return column;
  }
}

/**
 * One receipt for a batch that was cut: compute and transfer are the sums, queue and total the longest of a part, and
 * whatever limits the answer (fallback, allowance, least quota left) is kept. Where parts ran on different devices,
 * `device` is DEVICE_UNSPECIFIED and the names are listed.
 */
export function joinReceipts(receipts: readonly Receipt[]): Receipt | undefined {
  const [first] = receipts;
  if (first === undefined) return undefined;
  const all = <Field extends keyof Receipt>(field: Field) => receipts.map((receipt) => receipt[field]);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const listed = (values: readonly string[]) => [...new Set(values)].join(', ');
  const quotas = receipts.flatMap(({ quotaLeft }) => quotaLeft ?? []);
  return {
    ...first,
    device: new Set(all('device')).size === 1 ? first.device : Device.DEVICE_UNSPECIFIED,
    engine: listed(all('engine')),
    deviceName: listed(all('deviceName')),
    kernelDigest: listed(all('kernelDigest')),
    reproducible: all('reproducible').every(Boolean),
    fallback: all('fallback').find((fallback) => fallback !== undefined),
    queueNs: Math.max(...all('queueNs')),
    computeNs: sum(all('computeNs')),
    transferNs: sum(all('transferNs')),
    bytesCopied: sum(all('bytesCopied')),
    bytesShared: sum(all('bytesShared')),
    totalNs: Math.max(...all('totalNs')),
    batchSize: Math.max(...all('batchSize')),
    allowance: listed(all('allowance')),
    quotaLeft:
      quotas.length === 0
        ? undefined
        : {
            requests: Math.min(...quotas.map(({ requests }) => requests)),
            bytes: Math.min(...quotas.map(({ bytes }) => bytes)),
          },
  };
}
