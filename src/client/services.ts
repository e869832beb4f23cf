// One function for each method of the catalog, whatever carries its messages.
import { randomUUID } from 'node:crypto';
import { catalog } from '../gen/catalog.js';
import type { Tensor } from '../gen/acceld/v1/tensor.js';
import { sendBatch } from './batch.js';
import type { Call, Transport } from './call.js';
import { fromTensor, toWire, type WireMessage } from './columns.js';
import { cut } from './cut.js';
import { localFault } from './fault.js';
import { assertCallOptions, type CallOptions } from './settings.js';
import type { Method, Services, StreamMethod, UnaryMethod } from './types.js';

type Reply = Readonly<Record<string, unknown>>;

type AnyMethod = Omit<Method, 'requestStream' | 'responseStream'> & {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
};

export function servicesOver(transport: Transport, timeoutMs: number): Services {
  const services = Object.entries<Readonly<Record<string, AnyMethod>>>(catalog).map(([service, methods]) => {
    const served = Object.entries(methods).filter(([, { requestStream }]) => !requestStream);
    const functions = served.map(([name, method]) => [name, functionOf(method as Method, transport, timeoutMs)]);
    return [service, Object.fromEntries(functions) as object] as const;
  });
  return Object.fromEntries(services.filter(([, functions]) => Object.keys(functions).length > 0)) as Services;
}

const functionOf = (method: Method, transport: Transport, timeoutMs: number) =>
  method.responseStream ? streamOf(method, transport, timeoutMs) : unaryOf(method, transport, timeoutMs);

function unaryOf(method: UnaryMethod, transport: Transport, timeoutMs: number) {
  return async (request: Reply = {}, options: CallOptions = {}): Promise<Reply> => {
    assertCallOptions(options, transport);
    const message = toWire(method, request);
    const batch = cut(method, message);
    // The parts of one batch share an id, so that the daemon's log shows them together.
    const requestId = options.requestId ?? (batch && transport.carriesRequestIds ? randomUUID() : undefined);
    const call = callOf(method, { ...options, requestId }, timeoutMs);
    const exchange = async (part: WireMessage, own: Call) =>
      withReceipt(decoded(method, await transport.send(own, encoded(method, part))));
    if (batch === undefined) return columnsOf(method, await exchange(message, call));
    const send = (part: WireMessage, signal: AbortSignal) => exchange(part, { ...call, signal });
    return sendBatch({ method, batch, signal: options.signal, send });
  };
}

function streamOf(method: StreamMethod, transport: Transport, timeoutMs: number) {
  return async function* (request: Reply = {}, options: CallOptions = {}): AsyncGenerator<Reply, void, undefined> {
    assertCallOptions(options, transport);
    const call = callOf(method, options, timeoutMs);
    let last: Reply | undefined;
    for await (const bytes of transport.stream(call, encoded(method, toWire(method, request)))) {
      last = columnsOf(method, decoded(method, bytes));
      yield last;
    }
    if (last === undefined) throw localFault('REPLY_INVALID', 'the reply has no message');
    withReceipt(last);
  };
}

export function callOf(method: Pick<Call, 'path' | 'idempotent'>, options: CallOptions, timeoutMs: number): Call {
  const { path, idempotent } = method;
  const { signal, requestId } = options;
  return { path, idempotent, signal, requestId, deadlineMs: performance.now() + (options.timeoutMs ?? timeoutMs) };
}

function encoded({ request }: Method, message: WireMessage): Uint8Array {
  try {
    return request.encode(request.fromPartial(message as never) as never).finish();
  } catch (error) {
    throw localFault('INVALID_INPUT', `the request cannot be encoded: ${String(error)}`, { cause: error });
  }
}

function decoded({ response }: Method, bytes: Uint8Array): Reply {
  try {
    return response.decode(bytes) as Reply;
  } catch (error) {
    throw localFault('REPLY_INVALID', 'the reply cannot be read: do client and daemon fit together?', { cause: error });
  }
}

function withReceipt(reply: Reply): Reply {
  if (!('receipt' in reply) || reply['receipt'] !== undefined) return reply;
  throw localFault('REPLY_INVALID', 'the reply has no receipt');
}

function columnsOf(method: Method, reply: Reply): Reply {
  const present = method.responseColumns.filter((field) => reply[field] !== undefined);
  if (present.length === 0) return reply;
  const tensors = present.map((field) => [field, reply[field] as Tensor] as const);
  const inRegions = tensors.filter(([, { region }]) => region !== undefined).map(([field]) => field);
  const columns = tensors.map(([field, tensor]) => [field, tensor.region ? undefined : fromTensor(field, tensor)]);
  return { ...reply, ...(Object.fromEntries(columns) as Reply), ...(inRegions.length > 0 && { inRegions }) };
}
