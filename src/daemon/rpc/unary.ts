// From grpc-js to call.ts: registers every unary method. Messages pass as bytes, so that a message that
// cannot be decoded leaves by the same door as every other error.
import type { MethodDefinition, sendUnaryData, Server, ServerUnaryCall } from '@grpc/grpc-js';
import { Fault } from '../base/fault.js';
import { FailedCall } from './call.js';
import { faultStatus } from './fault-status.js';
import type { Handlers, UnaryHandler } from './methods.js';
import type { Identity } from './identity.js';

type Bytes = Buffer<ArrayBufferLike>;
export function addUnaryMethods(server: Server, handlers: Handlers, identity: Identity): void {
  const definition: Record<string, MethodDefinition<Bytes, Bytes>> = {};
  const implementation: Record<string, (call: ServerUnaryCall<Bytes, Bytes>, done: sendUnaryData<Bytes>) => void> = {};
  for (const [path, handler] of handlers) {
    const pass = (bytes: Bytes): Bytes => bytes;
    definition[path] = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    };
    implementation[path] = (call, done) => {
      void run(call, handler, identity).then(
        (bytes) => done(null, bytes),
        (error: unknown) => fail(error, done),
      );
    };
  }
  server.addService(definition, implementation);
}

async function run(call: ServerUnaryCall<Bytes, Bytes>, handler: UnaryHandler, identity: Identity): Promise<Bytes> {
  const caller = identity.find(call.getPeer());
  // Between the interceptor and here the connection may have closed.
  if (caller === undefined) throw new FailedCall(new Fault('CALLER_UNKNOWN', 'the connection is closed'), '');
  const deadline = call.getDeadline();
  const bytes = await handler({
    caller,
    bytes: call.request,
    requestId: call.metadata.get('x-request-id')[0],
    deadlineMs: typeof deadline === 'number' ? deadline : deadline.getTime(),
    cancellation: () => cancellationOf(call),
  });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function cancellationOf(call: ServerUnaryCall<Bytes, Bytes>): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.once('cancelled', () => controller.abort());
  return controller.signal;
}

function fail(error: unknown, done: sendUnaryData<Bytes>): void {
  const { fault, requestId } =
    error instanceof FailedCall ? error : new FailedCall(new Fault('INTERNAL', 'internal error'), '');
  done(faultStatus(fault, requestId));
}
