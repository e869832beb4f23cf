// MemoryService: makes, lists and releases regions, and copies for clients that cannot map.
import { catalog } from '../../gen/catalog.js';
import {
  CreateRegionResponse,
  DownloadResponse,
  ListRegionsResponse,
  ReleaseRegionResponse,
  UploadResponse,
  type CreateRegionRequest,
  type DownloadRequest,
  type ListRegionsRequest,
  type ReleaseRegionRequest,
  type UploadRequest,
} from '../../gen/acceld/v1/memory_service.js';
import type { Caller } from '../base/caller.js';
import { Fault } from '../base/fault.js';
import { downloadBytesMax, messageBytesMax, regionBytesMax } from '../base/limits.js';
import { Violations } from '../base/violations.js';
import type { Region } from '../memory/regions.js';
import { answer, byteLengthOf, Course, decode, within, type Incoming, type Respond, type Rooms } from './call.js';
import type { Method } from '../operations/operation.js';
import type { Send } from './rounds.js';

/** How clients of this daemon map regions. */
export interface MappingSource {
  /** File name of the descriptor socket; undefined: its path would be too long. */
  readonly descriptorSocket: () => string | undefined;
}

type Unary = (incoming: Incoming) => Promise<Uint8Array>;

export function memoryMethods(rooms: Rooms, source: MappingSource): ReadonlyMap<string, Unary> {
  const unary = new Map<string, Unary>();
  const add = <Request, Response>(method: Method<Request, Response>, respond: Respond<Request>): void => {
    unary.set(method.path, (incoming) => answer(method, incoming, rooms, respond));
  };
  add(catalog.memory.createRegion, createRegion(source));
  add(catalog.memory.releaseRegion, releaseRegion);
  add(catalog.memory.listRegions, listRegions);
  return unary;
}

const createRegion =
  (source: MappingSource): Respond<CreateRegionRequest> =>
  async ({ bytes }, course) => {
    const { rooms, incoming } = course;
    const violations = new Violations();
    if (!(bytes >= 1 && bytes <= regionBytesMax)) violations.reject('bytes', `1 to ${regionBytesMax}`, bytes);
    violations.throwIfAny();
    course.ticket = rooms.admission.admit(incoming.caller, incoming.bytes.byteLength);
    const cancellation = incoming.cancellation();
    const region = await rooms.regions.create(incoming.caller, bytes);
    if (cancellation.aborted) {
      // Nobody will ever know its token.
      await rooms.regions.release(incoming.caller, region.id, region.token);
      throw new Fault('CANCELLED', 'cancelled by the client');
    }
    const [descriptorSocket, unmappableReason] = mapping(incoming.caller, source);
    const { id: regionId, token } = region;
    const response = { regionId, token, bytes: region.bytes, descriptorSocket, unmappableReason };
    return CreateRegionResponse.encode(response).finish();
  };

const otherWay = 'use Upload and Download, or columns inside messages';

function mapping({ canMap }: Caller, { descriptorSocket }: MappingSource): [socket: string, reason: string] {
  if (!canMap)
    return ['', `a descriptor reaches clients of the Unix socket alone, and this one came over TCP; ${otherWay}`];
  const name = descriptorSocket();
  if (name === undefined) return ['', `the path of the daemon's socket leaves no room for another one; ${otherWay}`];
  return [name, ''];
}

const releaseRegion: Respond<ReleaseRegionRequest> = async ({ regionId, token }, { rooms, incoming }) => {
  await rooms.regions.release(incoming.caller, regionId, token);
  return ReleaseRegionResponse.encode({}).finish();
};

const listRegions: Respond<ListRegionsRequest> = (_request, { rooms, incoming }) => {
  const { name } = incoming.caller;
  const { budget } = rooms.regions;
  const nowNs = rooms.clock.nowNs();
  return ListRegionsResponse.encode({
    regions: rooms.regions.list(name).map(({ id, bytes, uses, connections, createdNs }) => ({
      regionId: id,
      bytes,
      uses,
      connections: connections.size,
      ageSeconds: (nowNs - createdNs) / 1e9,
    })),
    callerBytes: budget.usedForRegionsBy(name),
    callerBytesMax: budget.limits.ownerBytesMax,
    budgetBytesUsed: budget.usedBytes,
    budgetBytes: budget.limits.bytesMax,
  }).finish();
};

/** Answers a download through `send`; `drained` resolves when the client takes more. */
export async function download(
  incoming: Incoming,
  rooms: Rooms,
  { send, drained }: { send: Send; drained: () => Promise<void> },
): Promise<void> {
  const respond = async ({ slice }: DownloadRequest, course: Course): Promise<number> => {
    const violations = new Violations();
    if (slice === undefined) violations.reject('slice', 'set', undefined);
    violations.throwIfAny();
    const { regionId, token, offset, bytes } = slice!;
    course.ticket = rooms.admission.admit(incoming.caller, incoming.bytes.byteLength + downloadBytesMax);
    const cancellation = incoming.cancellation();
    const use = rooms.regions.use(incoming.caller, regionId, token);
    try {
      const view = placeOf(use.region, 'slice.offset', { offset, bytes });
      for (let at = 0; ; at += downloadBytesMax) {
        if (cancellation.aborted) throw new Fault('CANCELLED', 'cancelled by the client');
        const isLast = at + downloadBytesMax >= bytes;
        const data = view.subarray(at, at + downloadBytesMax);
        const keepsUp = send(DownloadResponse.encode({ offset: offset + at, data }).finish(), isLast);
        if (isLast) return bytes;
        if (!keepsUp) await drained();
        else await new Promise(setImmediate);
      }
    } finally {
      use.done();
    }
  };
  await within(catalog.memory.download, new Course(rooms, incoming), respond, (sentBytes) => sentBytes);
}

/** The bytes of a region. Throws INVALID_INPUT where they do not all lie in it. */
function placeOf(region: Region, field: string, { offset, bytes }: { offset: number; bytes: number }): Uint8Array {
  if (offset + bytes <= region.bytes) return new Uint8Array(region.memory.buffer, offset, bytes);
  const violations = new Violations();
  violations.reject(field, `at most ${region.bytes} with the bytes behind it`, offset + bytes);
  throw violations.fault();
}

/** Answers an upload, whose first message is the call's. */
export async function upload(incoming: Incoming, rooms: Rooms, rest: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const method = catalog.memory.upload;
  const respond = async (first: UploadRequest, course: Course): Promise<Uint8Array> => {
    // At most one message is decoded while another one waits.
    course.ticket = rooms.admission.admit(incoming.caller, 2 * messageBytesMax);
    const use = rooms.regions.use(incoming.caller, first.regionId, first.token);
    let bytes = 0;
    const write = ({ offset, data }: UploadRequest): void => {
      placeOf(use.region, 'offset', { offset, bytes: data.byteLength }).set(data);
      bytes += data.byteLength;
    };
    try {
      write(first);
      for await (const message of rest) {
        const next = decode(method, message);
        if (next.regionId !== '' || next.token.length > 0) rejectRegion();
        write(next);
      }
    } finally {
      use.done();
    }
    return UploadResponse.encode({ bytes }).finish();
  };
  return within(method, new Course(rooms, incoming), respond, byteLengthOf);
}

function rejectRegion(): never {
  const violations = new Violations();
  violations.reject('region_id', 'unset after the first message', 'a region');
  throw violations.fault();
}
