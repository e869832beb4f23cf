// Regions for a client that cannot map them. JavaScript has no mmap, and this client carries no addon, so it writes and
// reads a region by Upload and Download: worth it for columns that many calls use, or that outgrow a message. Programs in
// other languages map a region and copy nothing: examples/python/region.py.
import { catalog } from '../gen/catalog.js';
import { DownloadRequest, DownloadResponse, UploadRequest, UploadResponse } from '../gen/acceld/v1/memory_service.js';
import { DataType, type RegionSlice } from '../gen/acceld/v1/tensor.js';
import { type Call } from './call.js';
import { localFault } from './fault.js';
import type { Link } from './link.js';
import { RegionColumn } from './region-column.js';
import { callOf } from './services.js';
import { assertCallOptions, type CallOptions } from './settings.js';
import type { Services } from './types.js';

/** Data in a message, beside what names its place: four of them fit into one message of 4 MiB. */
const pieceBytes = 1024 * 1024;

const types = {
  f64: { dtype: DataType.DATA_TYPE_F64, bytes: 8 },
  f32: { dtype: DataType.DATA_TYPE_F32, bytes: 4 },
  u32: { dtype: DataType.DATA_TYPE_U32, bytes: 4 },
  u8: { dtype: DataType.DATA_TYPE_U8, bytes: 1 },
} as const;

export type ElementType = keyof typeof types;

/** Memory of the daemon that this client fills and reads, and that calls use where it lies. */
export interface Region {
  readonly id: string;
  /** Size: whole pages. */
  readonly bytes: number;
  /** Writes values from byte `offset` on. */
  write(values: ArrayBufferView, offset?: number, options?: CallOptions): Promise<void>;
  /** Reads bytes from byte `offset` on. */
  read(offset: number, bytes: number, options?: CallOptions): Promise<Uint8Array>;
  /** Elements from byte `offset` on, as a column of a request. */
  column(type: ElementType, offset: number, length: number): RegionColumn;
  /** Bytes from `offset` on, as the place of a result in a request's `outputs`. */
  slice(offset: number, bytes: number): RegionSlice;
  /** Gives it back. It ends by itself 10 seconds after the last connection that used it. */
  release(options?: CallOptions): Promise<void>;
}

interface Owner {
  readonly link: Link;
  readonly services: Services;
  readonly timeoutMs: number;
}

export async function createRegion(owner: Owner, bytes: number, options: CallOptions = {}): Promise<Region> {
  const { memory } = owner.services;
  const created = await memory.createRegion({ bytes }, options);
  const { regionId, token } = created;
  const slice = (offset: number, length: number): RegionSlice => ({ regionId, token, offset, bytes: length });
  const call = (method: { path: string; idempotent: boolean }, own: CallOptions): Call => {
    assertCallOptions(own, owner.link);
    return callOf(method, own, owner.timeoutMs);
  };
  return {
    id: regionId,
    bytes: created.bytes,
    write: async (values, offset = 0, own = {}) => {
      const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const reply = await owner.link.sendAll(call(catalog.memory.upload, own), piecesOf(slice(offset, 0), data));
      if (UploadResponse.decode(reply).bytes !== data.byteLength) {
        throw localFault('REPLY_INVALID', 'the daemon did not write everything');
      }
    },
    read: async (offset, length, own = {}) => {
      const request = DownloadRequest.encode({ slice: slice(offset, length) }).finish();
      return join(owner.link.stream(call(catalog.memory.download, own), request), { offset, length });
    },
    column: (type, offset, length) =>
      new RegionColumn({
        dtype: types[type].dtype,
        shape: [length],
        data: new Uint8Array(),
        region: slice(offset, length * types[type].bytes),
      }),
    slice,
    release: async (own = {}) => {
      await memory.releaseRegion({ regionId, token }, own);
    },
  };
}

/** The messages of an upload; the first one names the region, and there is always one. */
function* piecesOf({ regionId, token, offset }: RegionSlice, data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at === 0 || at < data.byteLength; at += pieceBytes) {
    const key = at === 0 ? { regionId, token } : { regionId: '', token: new Uint8Array() };
    const piece = { ...key, offset: offset + at, data: data.subarray(at, at + pieceBytes) };
    yield UploadRequest.encode(piece).finish();
  }
}

async function join(
  messages: AsyncIterable<Uint8Array>,
  { offset, length }: { offset: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const message of messages) {
    const piece = DownloadResponse.decode(message);
    if (piece.offset !== offset + filled || filled + piece.data.byteLength > length) {
      throw localFault('REPLY_INVALID', 'the pieces of the region do not follow one another');
    }
    bytes.set(piece.data, filled);
    filled += piece.data.byteLength;
  }
  if (filled !== length) throw localFault('REPLY_INVALID', 'the daemon did not read everything');
  return bytes;
}
