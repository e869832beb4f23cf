// Bytes of protobuf messages and of gRPC frames, made by hand.
import { BinaryReader } from '@bufbuild/protobuf/wire';

export const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
};

/** A field of bytes: a string, a message or a packed list. */
export const field = (number: number, content: string | Uint8Array): Uint8Array => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
};

/** A field of that number in a group in a group. */
export function nestedGroups(number: number, depth: number): Uint8Array {
  const [begin, end] = [varint(number * 8 + 3), varint(number * 8 + 4)].map((tag) => Uint8Array.from(tag));
  return Buffer.concat([...Array<Uint8Array>(depth).fill(begin!), ...Array<Uint8Array>(depth).fill(end!)]);
}

/** A message in field `number` in a message in field `number`. */
export function nestedMessages(number: number, depth: number): Uint8Array {
  const headers: number[][] = [];
  for (let level = 0, length = 0; level < depth; level += 1) {
    const header = [...varint(number * 8 + 2), ...varint(length)];
    headers.push(header);
    length += header.length;
  }
  return Uint8Array.from(headers.reverse().flat());
}

/** A gRPC message: 0 or 1 for compressed, length, bytes. */
export function framed(bytes: Uint8Array, { compressed = false, length = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

/** The numbers of the fields of a message, in order. */
export function fieldNumbers(bytes: Uint8Array): number[] {
  const reader = new BinaryReader(bytes);
  const numbers: number[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    numbers.push(number);
    reader.skip(type, number);
  }
  return numbers;
}
