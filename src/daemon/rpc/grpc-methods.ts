// From grpc-js to call.ts: registers every method. Messages pass as bytes, so that a message that cannot be decoded leaves
// by the same door as every other error.
import type { EventEmitter } from 'node:events';
import type {
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Fault } from '../base/fault.js';
import { FailedCall, type Incoming } from './call.js';
import { faultStatus } from './fault-status.js';
import type { Identity } from './identity.js';
import type { ClientStreamMethod, Methods, StreamMethod, UnaryMethod } from './methods.js';
import { onStreamClosed } from './tuning.js';

type Bytes = Buffer<ArrayBufferLike>;
type UnaryCall = ServerUnaryCall<Bytes, Bytes>;
type StreamCall = ServerWritableStream<Bytes, Bytes>;
type ClientStreamCall = ServerReadableStream<Bytes, Bytes>;
type Call = UnaryCall | StreamCall | ClientStreamCall;

export function addMethods(server: Server, methods: Methods, identity: Identity): void {
  const definition: Record<string, MethodDefinition<Bytes, Bytes>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [path, method] of methods.unary) {
    definition[path] = bytesMethod(path, {});
    implementation[path] = (call: UnaryCall, done: sendUnaryData<Bytes>) => {
      void answerUnary(call, method, identity).then(
        (bytes) => done(null, bytes),
        (error: unknown) => done(statusOf(error)),
      );
    };
  }
  for (const [path, method] of methods.stream) {
    definition[path] = bytesMethod(path, { responseStream: true });
    implementation[path] = (call: StreamCall) => {
      void answerStream(call, method, identity).then(
        () => call.end(),
        (error: unknown) => call.emit('error', statusOf(error)),
      );
    };
  }
  for (const [path, method] of methods.clientStream) {
    definition[path] = bytesMethod(path, { requestStream: true });
    implementation[path] = (call: ClientStreamCall, done: sendUnaryData<Bytes>) => {
      void answerClientStream(call, method, identity).then(
        (bytes) => done(null, bytes),
        (error: unknown) => done(statusOf(error)),
      );
    };
  }
  server.addService(definition, implementation);
}

/** The same memory: `Buffer.from(bytes)` would copy it. */
export const asBuffer = (bytes: Uint8Array): Bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

interface Streams {
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

function bytesMethod(
  path: string,
  { requestStream = false, responseStream = false }: Streams,
): MethodDefinition<Bytes, Bytes> {
  const pass = (bytes: Bytes): Bytes => bytes;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
}

async function answerUnary(call: UnaryCall, method: UnaryMethod, identity: Identity): Promise<Bytes> {
  return asBuffer(await method(incomingOf(call, identity, call.request)));
}

async function answerStream(call: StreamCall, method: StreamMethod, identity: Identity): Promise<void> {
  const incoming = incomingOf(call, identity, call.request);
  await method(
    incoming,
    (bytes) => call.write(asBuffer(bytes)),
    () => drained(call),
  );
}

const drained = (call: StreamCall): Promise<void> =>
  new Promise((resolve) => {
    if (call.cancelled) resolve();
    call.once('drain', resolve);
    call.once('cancelled', resolve);
  });

async function answerClientStream(
  call: ClientStreamCall,
  method: ClientStreamMethod,
  identity: Identity,
): Promise<Bytes> {
  const messages = messagesOf(call);
  const first = await messages.next().catch(() => undefined);
  const bytes = first?.value ?? Buffer.alloc(0);
  return asBuffer(await method(incomingOf(call, identity, bytes), messages));
}

/**
 * A client that leaves ends its stream like one that has sent everything, or has it destroyed. The stream itself stays
 * with grpc-js, which answers through it.
 */
async function* messagesOf(call: ClientStreamCall): AsyncGenerator<Bytes, undefined, undefined> {
  call.on('error', () => undefined);
  try {
    for await (const message of call.iterator({ destroyOnReturn: false })) yield message as Bytes;
  } catch {
    throw new Fault('CANCELLED', 'cancelled by the client');
  }
  return undefined;
}

function incomingOf(call: Call, identity: Identity, bytes: Bytes): Incoming {
  const caller = identity.find(call.getPeer());
  // Between the interceptor and here the connection may have closed.
  if (caller === undefined) throw new FailedCall(new Fault('CALLER_UNKNOWN', 'the connection is closed'), '');
  const deadline = call.getDeadline();
  return {
    caller,
    bytes,
    requestId: call.metadata.get('x-request-id')[0],
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    cancellation: () => cancellationOf(call),
    onClosed: (act) => onStreamClosed(call, act),
  };
}

function cancellationOf(call: Call): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else (call as EventEmitter).once('cancelled', () => controller.abort());
  return controller.signal;
}

const statusOf = (error: unknown): ReturnType<typeof faultStatus> => FailedCall.of(error).status(faultStatus);
