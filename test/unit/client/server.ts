// A small gRPC server of the test's own, so that a test decides when and how each call fails.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
} from '@grpc/grpc-js';
import { catalog } from '../../../src/gen/catalog.js';
import { Receipt } from '../../../src/gen/acceld/v1/execution.js';
import type { PriceOptionsRequest, PriceOptionsResponse } from '../../../src/gen/acceld/v1/price_options.js';
import type { OpenRequest, OpenResponse } from '../../../src/gen/acceld/v1/session_service.js';
import type { SimulateRequest, SimulateResponse } from '../../../src/gen/acceld/v1/simulate.js';
import { DataType, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '../../../src/gen/google/rpc/error_details.js';
import { Status } from '../../../src/gen/google/rpc/status.js';

export type UnaryCall = ServerUnaryCall<PriceOptionsRequest, PriceOptionsResponse>;
export type Handler = (request: PriceOptionsRequest, call: UnaryCall) => Promise<PriceOptionsResponse>;

export type StreamCall = ServerWritableStream<SimulateRequest, SimulateResponse>;
export type SessionStream = ServerDuplexStream<OpenRequest, OpenResponse>;

/** What answers the two streams of the API. */
export interface StreamHandlers {
  readonly simulate?: (call: StreamCall) => void;
  readonly open?: (stream: SessionStream) => void;
}

export interface TestServer {
  readonly socket: string;
  /** Ends the process' side of every connection at once, as a killed daemon does. */
  kill(): void;
  close(): void;
}

interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

interface CatalogMethod<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

const definitionOf = <Request, Response>({
  path,
  requestStream,
  responseStream,
  request,
  response,
}: CatalogMethod<Request, Response>): MethodDefinition<Request, Response> => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: (message) => Buffer.from(request.encode(message).finish()),
  requestDeserialize: (bytes) => request.decode(bytes),
  responseSerialize: (message) => Buffer.from(response.encode(message).finish()),
  responseDeserialize: (bytes) => response.decode(bytes),
});

export async function serve(handler: Handler, { simulate, open }: StreamHandlers = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'acceld-client-'));
  const socket = join(directory, 's');
  const server = new Server();
  const priceOptions = (call: UnaryCall, callback: (error: Partial<StatusObject> | null, reply?: unknown) => void) => {
    handler(call.request, call).then(
      (reply) => callback(null, reply),
      (error: Partial<StatusObject>) => callback(error),
    );
  };
  server.addService({ priceOptions: definitionOf(catalog.pricing.priceOptions) }, { priceOptions });
  if (simulate) server.addService({ simulate: definitionOf(catalog.pricing.simulate) }, { simulate });
  if (open) server.addService({ open: definitionOf(catalog.session.open) }, { open });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const kill = () => server.forceShutdown();
  const close = () => {
    kill();
    rmSync(directory, { recursive: true, force: true });
  };
  return { socket, kill, close };
}

export const receipt = (facts: Partial<Receipt> = {}): Receipt =>
  Receipt.fromPartial({ requestId: 'r', device: 2, engine: 'own', reproducible: true, allowance: 'normal', ...facts });

export const float64 = (values: Float64Array): Tensor => ({
  dtype: DataType.DATA_TYPE_F64,
  shape: [values.length],
  data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

export const numbersOf = ({ data }: Tensor): Float64Array => new Float64Array(Uint8Array.from(data).buffer);

/** Answers with the strikes as prices, so that every row can be told from every other. */
export const echoStrikes: Handler = async (request) => ({
  receipt: receipt(),
  price: float64(numbersOf(request.strike!)),
});

interface FaultFacts {
  readonly code: string;
  readonly retryable?: boolean;
  readonly grpcStatus?: status;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfterMs?: number;
}

/** A failure as the daemon sends it. */
export function daemonFault(facts: FaultFacts): Partial<StatusObject> {
  const code = facts.grpcStatus ?? status.RESOURCE_EXHAUSTED;
  const metadata = new Metadata();
  const any = (name: string, bytes: Uint8Array) => ({ typeUrl: `type.googleapis.com/${name}`, value: bytes });
  const info = new Map([['retryable', String(facts.retryable ?? false)]]);
  const details = [
    any('google.rpc.ErrorInfo', ErrorInfo.encode({ reason: facts.code, domain: 'acceld', metadata: info }).finish()),
    any('google.rpc.RequestInfo', RequestInfo.encode({ requestId: 'id-7', servingData: '' }).finish()),
    any('acceld.v1.Receipt', Receipt.encode(receipt({ requestId: 'id-7', queueNs: 5 })).finish()),
  ];
  if (facts.violations) {
    const violations = BadRequest.encode({ fieldViolations: [...facts.violations] }).finish();
    details.push(any('google.rpc.BadRequest', violations));
  }
  if (facts.retryAfterMs !== undefined) {
    const retryDelay = { seconds: 0n, nanos: facts.retryAfterMs * 1e6 };
    details.push(any('google.rpc.RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  const message = `fault ${facts.code}`;
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}
