import type { Socket } from 'node:net';
import type { Caller } from '../base/caller.js';
import type { Announce } from '../base/events.js';
import { connectionsMax } from '../base/limits.js';
import type { HostAddon } from '../devices/host-addon.js';

/**
 * Knows who is behind each open connection. The caller is resolved once, from the peer's credentials, before the first
 * HTTP/2 byte is read. Until identities exist only the daemon's own user and root are served.
 */
export class Identity {
  readonly #addon: HostAddon;
  readonly #announce: Announce;
  readonly #ownUid: number;
  readonly #callers = new Map<string, Caller>();
  #opened = 0;

  constructor(addon: HostAddon, announce: Announce) {
    this.#addon = addon;
    this.#announce = announce;
    this.#ownUid = process.geteuid?.() ?? -1;
  }

  get connections(): number {
    return this.#callers.size;
  }

  /** The caller of a call, by what getPeer() says of it. */
  find(connection: string): Caller | undefined {
    return this.#callers.get(connection);
  }

  /** False: the connection has no right to be served, and the caller of this method closes it. */
  admitUnix(socket: Socket): boolean {
    if (this.#isFull()) return false;
    const credentials = this.#addon.peerCredentials(descriptorOf(socket));
    if (credentials === null) return this.#refuse('the peer of a connection is unknown');
    const { uid, pid } = credentials;
    if (uid !== this.#ownUid && uid !== 0) return this.#refuse(`uid ${uid} is not served`);
    this.#register(socket, { name: `uid:${uid}`, pid, isOperator: true });
    return true;
  }

  /** A loopback TCP peer has no credentials: all of them are one caller, which runs nothing. */
  admitTcp(socket: Socket): boolean {
    if (this.#isFull()) return false;
    this.#register(socket, { name: 'tcp-loopback', pid: 0, isOperator: false });
    return true;
  }

  #isFull(): boolean {
    return this.#callers.size >= connectionsMax && !this.#refuse(`${connectionsMax} connections are open`);
  }

  #refuse(reason: string): false {
    this.#announce({ kind: 'connection-refused', reason });
    return false;
  }

  #register(socket: Socket, { name, pid, isOperator }: Omit<Caller, 'connection'>): void {
    this.#opened += 1;
    const caller: Caller = { name, connection: `connection#${this.#opened}`, pid, isOperator };
    // grpc-js derives getPeer() from this property, which makes it the one public way from a call to its connection.
    Object.defineProperty(socket, 'remoteAddress', { value: caller.connection });
    Object.defineProperty(socket, 'remotePort', { value: undefined });
    this.#callers.set(caller.connection, caller);
    this.#announce({ kind: 'connection-opened', caller: name, pid });
    socket.once('close', () => {
      this.#callers.delete(caller.connection);
      this.#announce({ kind: 'connection-closed', caller: name });
    });
  }
}

/** Node keeps the descriptor of a socket in a field that it does not document. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } | null };
  return handle?.fd ?? -1;
}
