// The client: a connection, and the services over it or over a session of it.
import { assertLittleEndian } from './columns.js';
import { Link } from './link.js';
import { createRegion, type Region } from './region.js';
import { callOf, servicesOver } from './services.js';
import { openSession, type Session } from './session.js';
import { assertCallOptions, parseSettings, type CallOptions, type ConnectOptions } from './settings.js';
import type { Services } from './types.js';

/** A connection to a daemon. It is made at the first call, and made again when it was lost. */
export type Client = Services & {
  /**
   * The same methods over one stream, at less cost for each call. The stream is opened at the first call, and again
   * after it was lost. The session tries nothing again by itself.
   */
  session(): Session;
  /**
   * A region of shared memory, of zeros. JavaScript cannot map it: this client writes and reads it by messages, so that
   * columns which many calls use, or which outgrow a message, travel once.
   */
  region(bytes: number, options?: CallOptions): Promise<Region>;
  /**
   * Sends one encoded request to the method at `path` ("/package.Service/Method") and resolves with the encoded reply.
   * Only a call that is said to be idempotent is tried again.
   */
  raw(
    path: string,
    request: Uint8Array,
    options?: CallOptions & { readonly idempotent?: boolean },
  ): Promise<Uint8Array>;
  /** The same for a method that answers with a stream: yields its encoded messages. */
  rawStream(
    path: string,
    request: Uint8Array,
    options?: CallOptions & { readonly idempotent?: boolean },
  ): AsyncGenerator<Uint8Array, void, undefined>;
  /** Ends every call in flight, every session and the connection. */
  close(): void;
};

/** Throws a Fault that names every wrong option. Does not connect yet: the first call does. */
export function connect(options: ConnectOptions = {}): Client {
  assertLittleEndian();
  const settings = parseSettings(options);
  const link = new Link(settings);
  const services = servicesOver(link, settings.timeoutMs);
  return {
    ...services,
    region: (bytes, options) => createRegion({ link, services, timeoutMs: settings.timeoutMs }, bytes, options),
    session: () => openSession(link, settings.timeoutMs),
    raw: async (path, request, { idempotent = false, ...callOptions } = {}) => {
      assertCallOptions(callOptions, link);
      return link.send(callOf({ path, idempotent }, callOptions, settings.timeoutMs), request);
    },
    rawStream: async function* (path, request, { idempotent = false, ...callOptions } = {}) {
      assertCallOptions(callOptions, link);
      yield* link.stream(callOf({ path, idempotent }, callOptions, settings.timeoutMs), request);
    },
    close: () => link.close(),
  };
}
