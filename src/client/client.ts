// The client: one function for each method of the catalog, all of them over Link.send.
import { randomUUID } from 'node:crypto';
import { catalog } from '../gen/catalog.js';
import { sendBatch } from './batch.js';
import { assertLittleEndian, fromTensor, toWire, type WireMessage } from './columns.js';
import { cut } from './cut.js';
import { localFault } from './fault.js';
import { Link, type Call } from './link.js';
import { assertCallOptions, parseSettings, type CallOptions, type ConnectOptions, type Settings } from './settings.js';
import type { Method, Services, StreamMethod } from './types.js';
import type { Tensor } from '../gen/acceld/v1/tensor.js';

/** A connection to a daemon. It is made at the first call, and made again when it was lost. */
export type Client = Services & {
  /**
   * Sends one encoded request to the method at `path` ("/package.Service/Method") and resolves with the encoded reply.
   * Only a call that is said to be idempotent is tried again.
   */
  raw(
    path: string,
    request: Uint8Array,
    options?: CallOptions & { readonly idempotent?: boolean },
  ): Promise<Uint8Array>;
  /** Ends every call in flight and the connection. */
  close(): void;
};

type Reply = Readonly<Record<string, unknown>>;

/** Throws a Fault that names every wrong option. Does not connect yet: the first call does. */
export function connect(options: ConnectOptions = {}): Client {
  assertLittleEndian();
  const settings = parseSettings(options);
  const link = new Link(settings);
  const services = Object.entries<Readonly<Record<string, Method | StreamMethod>>>(catalog).map(
    ([service, methods]) => [
      service,
      Object.fromEntries(
        Object.entries(methods).flatMap(([name, method]) =>
          isUnary(method) ? [[name, methodOf(method, link, settings)]] : [],
        ),
      ),
    ],
  );
  return {
    ...(Object.fromEntries(services) as Services),
    raw: async (path, request, { idempotent = false, ...callOptions } = {}) => {
      assertCallOptions(callOptions);
      return link.send(callOf({ path, idempotent }, callOptions, settings), request);
    },
    close: () => link.close(),
  };
}

const isUnary = (method: Method | StreamMethod): method is Method => !method.requestStream && !method.responseStream;

function methodOf(method: Method, link: Link, settings: Settings) {
  return async (request: Reply = {}, options: CallOptions = {}): Promise<Reply> => {
    assertCallOptions(options);
    const message = toWire(method, request);
    const batch = cut(method, message);
    // The parts of one batch share an id, so that the daemon's log shows them together.
    const requestId = options.requestId ?? (batch && randomUUID());
    const call = callOf(method, { ...options, requestId }, settings);
    if (batch === undefined) return columnsOf(method, await exchange(method, link, { call, message }));
    const send = (part: WireMessage, signal: AbortSignal) =>
      exchange(method, link, { call: { ...call, signal }, message: part });
    return sendBatch({ method, batch, signal: options.signal, send });
  };
}

function callOf(method: Pick<Call, 'path' | 'idempotent'>, options: CallOptions, settings: Settings): Call {
  const { path, idempotent } = method;
  const { signal, requestId, timeoutMs = settings.timeoutMs } = options;
  return { path, idempotent, signal, requestId, deadlineMs: performance.now() + timeoutMs };
}

interface Exchange {
  readonly call: Call;
  readonly message: WireMessage;
}

async function exchange(method: Method, link: Link, { call, message }: Exchange): Promise<Reply> {
  const bytes = await link.send(call, encoded(method, message));
  let reply: Reply;
  try {
    reply = method.response.decode(bytes) as Reply;
  } catch (error) {
    throw localFault('REPLY_INVALID', 'the reply cannot be read: do client and daemon fit together?', { cause: error });
  }
  if ('receipt' in reply && reply['receipt'] === undefined)
    throw localFault('REPLY_INVALID', 'the reply has no receipt');
  return reply;
}

function encoded({ request }: Method, message: WireMessage): Uint8Array {
  try {
    return request.encode(request.fromPartial(message as never) as never).finish();
  } catch (error) {
    throw localFault('INVALID_INPUT', `the request cannot be encoded: ${String(error)}`, { cause: error });
  }
}

function columnsOf(method: Method, reply: Reply): Reply {
  const present = method.responseColumns.filter((field) => reply[field] !== undefined);
  return {
    ...reply,
    ...Object.fromEntries(present.map((field) => [field, fromTensor(field, reply[field] as Tensor)])),
  };
}
