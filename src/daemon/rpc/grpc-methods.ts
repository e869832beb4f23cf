// From grpc-js to call.ts: registers every method. Messages pass as bytes, so that a message that cannot be decoded leaves
// by the same door as every other error.
import type {
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Fault } from '../base/fault.js';
import { FailedCall, type Incoming } from './call.js';
import { faultStatus } from './fault-status.js';
import type { Identity } from './identity.js';
import type { Methods, StreamMethod, UnaryMethod } from './methods.js';
import { onStreamClosed } from './tuning.js';

type Bytes = Buffer<ArrayBufferLike>;
type UnaryCall = ServerUnaryCall<Bytes, Bytes>;
type StreamCall = ServerWritableStream<Bytes, Bytes>;

export function addMethods(server: Server, methods: Methods, identity: Identity): void {
  const definition: Record<string, MethodDefinition<Bytes, Bytes>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [path, method] of methods.unary) {
    definition[path] = bytesMethod(path, false);
    implementation[path] = (call: UnaryCall, done: sendUnaryData<Bytes>) => {
      void answerUnary(call, method, identity).then(
        (bytes) => done(null, bytes),
        (error: unknown) => done(statusOf(error)),
      );
    };
  }
  for (const [path, method] of methods.stream) {
    definition[path] = bytesMethod(path, true);
    implementation[path] = (call: StreamCall) => {
      void answerStream(call, method, identity).then(
        () => call.end(),
        (error: unknown) => call.emit('error', statusOf(error)),
      );
    };
  }
  server.addService(definition, implementation);
}

/** The same memory: `Buffer.from(bytes)` would copy it. */
export const asBuffer = (bytes: Uint8Array): Bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function bytesMethod(path: string, responseStream: boolean): MethodDefinition<Bytes, Bytes> {
  const pass = (bytes: Bytes): Bytes => bytes;
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
}

async function answerUnary(call: UnaryCall, method: UnaryMethod, identity: Identity): Promise<Bytes> {
  return asBuffer(await method(incomingOf(call, identity)));
}

async function answerStream(call: StreamCall, method: StreamMethod, identity: Identity): Promise<void> {
  await method(incomingOf(call, identity), (bytes) => call.write(asBuffer(bytes)));
}

function incomingOf(call: UnaryCall | StreamCall, identity: Identity): Incoming {
  const caller = identity.find(call.getPeer());
  // Between the interceptor and here the connection may have closed.
  if (caller === undefined) throw new FailedCall(new Fault('CALLER_UNKNOWN', 'the connection is closed'), '');
  const deadline = call.getDeadline();
  return {
    caller,
    bytes: call.request,
    requestId: call.metadata.get('x-request-id')[0],
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    cancellation: () => cancellationOf(call),
    onClosed: (act) => onStreamClosed(call, act),
  };
}

function cancellationOf(call: UnaryCall | StreamCall): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.once('cancelled', () => controller.abort());
  return controller.signal;
}

function statusOf(error: unknown): ReturnType<typeof faultStatus> {
  const { fault, requestId } =
    error instanceof FailedCall ? error : new FailedCall(new Fault('INTERNAL', 'internal error'), '');
  return faultStatus(fault, requestId);
}
