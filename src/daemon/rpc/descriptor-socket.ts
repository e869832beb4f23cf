// The second private socket: hands the descriptors of regions to clients that map them. A request is one byte with the
// length of the region's id, the id, and the token; the answer is 8 bytes with the region's size and the descriptor, or 8
// bytes of zero. A descriptor that a client sends is dropped by the system.
import type { Server, Socket } from 'node:net';
import { descriptorConnectionsMax, descriptorIdleMs, regionTokenBytes } from '../base/limits.js';
import { Fault } from '../base/fault.js';
import type { HostAddon } from '../devices/host-addon.js';
import type { Regions } from '../memory/regions.js';
import { descriptorOf, type Identity } from './identity.js';
import { listenUnix } from './unix-listener.js';

interface Options {
  readonly path: string;
  readonly addon: HostAddon;
  readonly identity: Identity;
  readonly regions: Regions;
}

const sizeBytes = 8;

export async function listenDescriptors(options: Options): Promise<Server> {
  const { path, addon } = options;
  const server = await listenUnix({ path, addon, isClaimed: true, onConnection: (socket) => serve(socket, options) });
  server.maxConnections = descriptorConnectionsMax;
  return server;
}

function serve(socket: Socket, { addon, identity, regions }: Options): void {
  socket.on('error', () => socket.destroy());
  const peer = identity.unixPeer(socket);
  if (peer === undefined) {
    socket.destroy();
    return;
  }
  socket.setTimeout(descriptorIdleMs, () => socket.destroy());
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    for (let request = takeRequest(received); request !== undefined; request = takeRequest(received)) {
      received = received.subarray(request.bytes);
      if (!handOver(socket, { ...request, owner: peer.name }, { addon, regions })) socket.destroy();
    }
  });
}

interface Request {
  readonly bytes: number;
  readonly id: string;
  readonly token: Uint8Array;
}

/** The request at the front; undefined: it is not whole yet. It has at most 272 bytes, so little waits here. */
export function takeRequest(received: Buffer): Request | undefined {
  const idBytes = received[0] ?? 0;
  const bytes = 1 + idBytes + regionTokenBytes;
  if (received.length < bytes) return undefined;
  return { bytes, id: received.toString('latin1', 1, 1 + idBytes), token: received.subarray(1 + idBytes, bytes) };
}

/** False: the peer does not take its answers. */
function handOver(
  socket: Socket,
  { owner, id, token }: Request & { readonly owner: string },
  { addon, regions }: Pick<Options, 'addon' | 'regions'>,
): boolean {
  const size = Buffer.alloc(sizeBytes);
  if (socket.writableLength > 0) return false;
  try {
    const use = regions.peek(owner, id, token);
    size.writeBigUInt64LE(BigInt(use.region.bytes));
    const isSent = addon.sendDescriptor(descriptorOf(socket), use.region.memory.descriptor, size);
    use.done();
    return isSent;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    socket.write(size);
    return true;
  }
}
