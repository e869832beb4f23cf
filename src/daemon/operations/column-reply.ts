// Replies of columns without a copy: the kernel writes each column where it stands in the encoded message, behind a header
// whose length is known beforehand; the receipt follows the last column. What protobuf sees is an ordinary message.
import type { Precision } from '../../gen/acceld/v1/execution.js';
import { Receipt } from '../../gen/acceld/v1/execution.js';
import type { Result } from '../base/plan.js';
import { dataTypeOf } from './columns.js';

/** Room behind the last column: a receipt has about 150 bytes, its longest strings included 400. */
export const receiptRoomBytes = 512;

/** Protobuf: field number and "length-delimited". */
const delimited = (field: number): number => (field << 3) | 2;
/** Fields of Tensor, and of every reply its receipt. */
const dtypeTag = (1 << 3) | 0;
const shapeTag = delimited(2);
const dataTag = delimited(3);
const receiptTag = delimited(1);

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** Tensor without its data: dtype, shape, and the length of the data. */
const tensorHeadBytes = (rows: number, dataBytes: number): number =>
  2 + 2 + varintBytes(rows) + 1 + varintBytes(dataBytes);

/** Length of the header of a column in a reply. Field numbers are below 16, so their tag is one byte. */
export function columnHeaderBytes(rows: number, elementBytes: number): number {
  const dataBytes = rows * elementBytes;
  const head = tensorHeadBytes(rows, dataBytes);
  return 1 + varintBytes(head + dataBytes) + head;
}

class Cursor {
  constructor(
    readonly bytes: Uint8Array,
    public place: number,
  ) {}

  varint(value: number): this {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) {
      this.bytes[this.place] = (rest % 128) | 128;
      this.place += 1;
    }
    this.bytes[this.place] = rest;
    this.place += 1;
    return this;
  }
}

export interface ColumnReply {
  readonly rows: number;
  readonly precision: Precision;
  /** Field number in the reply of each output. */
  readonly fields: readonly number[];
}

/** The encoded reply, in the memory that the kernel wrote to. */
export function encodeColumnReply(
  { rows, precision, fields }: ColumnReply,
  result: Result,
  receipt: Receipt,
): Uint8Array {
  const cursor = new Cursor(result.memory, 0);
  result.outputs.forEach((column, index) => {
    if (column === null) return;
    const dataBytes = column.byteLength;
    cursor.varint(delimited(fields[index]!)).varint(tensorHeadBytes(rows, dataBytes) + dataBytes);
    cursor.varint(dtypeTag).varint(dataTypeOf(precision));
    cursor.varint(shapeTag).varint(varintBytes(rows)).varint(rows).varint(dataTag).varint(dataBytes);
    cursor.place += dataBytes;
  });
  const tail = Receipt.encode(receipt).finish();
  cursor.varint(receiptTag).varint(tail.byteLength);
  if (cursor.place + tail.byteLength > result.memory.byteLength) {
    return Buffer.concat([result.memory.subarray(0, cursor.place), tail]);
  }
  result.memory.set(tail, cursor.place);
  return result.memory.subarray(0, cursor.place + tail.byteLength);
}
