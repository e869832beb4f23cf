import type { Socket } from 'node:net';
import type { Caller } from '../base/caller.js';
import type { Announce } from '../base/events.js';
import { connectionsMax } from '../base/limits.js';
import type { HostAddon } from '../devices/host-addon.js';

/** Told of connections by their keys. */
export interface ConnectionWatch {
  connectionOpened(connection: string): void;
  connectionClosed(connection: string): void;
}

/**
 * Knows who is behind each open connection. The caller is resolved once, from the peer's credentials, before the first
 * HTTP/2 byte is read. Until identities exist only the daemon's own user and root are served.
 */
export class Identity {
  readonly #addon: HostAddon;
  readonly #announce: Announce;
  readonly #watch: ConnectionWatch | undefined;
  readonly #ownUid: number;
  readonly #callers = new Map<string, Caller>();
  #opened = 0;

  constructor(addon: HostAddon, announce: Announce, watch?: ConnectionWatch) {
    this.#addon = addon;
    this.#announce = announce;
    this.#watch = watch;
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
    const peer = this.unixPeer(socket);
    if (peer === undefined) return false;
    this.#register(socket, { ...peer, isOperator: true, canMap: true });
    return true;
  }

  /** Who is behind a Unix socket. Undefined: nobody who is served. */
  unixPeer(socket: Socket): Pick<Caller, 'name' | 'pid'> | undefined {
    const credentials = this.#addon.peerCredentials(descriptorOf(socket));
    if (credentials === null) return void this.#refuse('the peer of a connection is unknown');
    const { uid, pid } = credentials;
    if (uid !== this.#ownUid && uid !== 0) return void this.#refuse(`uid ${uid} is not served`);
    return { name: `uid:${uid}`, pid };
  }

  /** A loopback TCP peer has no credentials: all of them are one caller, which runs nothing. */
  admitTcp(socket: Socket): boolean {
    if (this.#isFull()) return false;
    this.#register(socket, { name: 'tcp-loopback', pid: 0, isOperator: false, canMap: false });
    return true;
  }

  #isFull(): boolean {
    return this.#callers.size >= connectionsMax && !this.#refuse(`${connectionsMax} connections are open`);
  }

  #refuse(reason: string): false {
    this.#announce({ kind: 'connection-refused', reason });
    return false;
  }

  #register(socket: Socket, known: Omit<Caller, 'connection'>): void {
    this.#opened += 1;
    const caller: Caller = { ...known, connection: `connection#${this.#opened}` };
    const { name, pid } = caller;
    // grpc-js derives getPeer() from this property, which makes it the one public way from a call to its connection.
    Object.defineProperty(socket, 'remoteAddress', { value: caller.connection });
    Object.defineProperty(socket, 'remotePort', { value: undefined });
    this.#callers.set(caller.connection, caller);
    this.#watch?.connectionOpened(caller.connection);
    this.#announce({ kind: 'connection-opened', caller: name, pid });
    socket.once('close', () => {
      this.#callers.delete(caller.connection);
      this.#watch?.connectionClosed(caller.connection);
      this.#announce({ kind: 'connection-closed', caller: name });
    });
  }
}

/** Node keeps the descriptor of a socket in a field that it does not document. */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } | null };
  return handle?.fd ?? -1;
}
