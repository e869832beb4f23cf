// A client of bytes: sends what a test says and shows all that came back. Knows no retry and no contract of the SDK.
import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  status as statuses,
  type ServiceError,
} from '@grpc/grpc-js';
import { Receipt } from '../../src/gen/acceld/v1/execution.js';
import {
  BadRequest,
  ErrorInfo,
  QuotaFailure,
  RequestInfo,
  RetryInfo,
  type BadRequest_FieldViolation,
  type QuotaFailure_Violation,
} from '../../src/gen/google/rpc/error_details.js';
import { Status } from '../../src/gen/google/rpc/status.js';

/** Everything that came back from one call. */
export interface Answer {
  /** Name of the gRPC status, as "OK". */
  readonly status: string;
  readonly message: string;
  /** The reply, empty where the call failed. */
  readonly bytes: Uint8Array;
  /** ErrorInfo of a failure. */
  readonly info: ErrorInfo | undefined;
  readonly violations: readonly BadRequest_FieldViolation[];
  readonly quota: readonly QuotaFailure_Violation[];
  readonly retry: RetryInfo | undefined;
  readonly requestId: string;
  readonly receipt: Receipt | undefined;
}

export interface CallTerms {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SendTerms {
  readonly signal?: AbortSignal;
  readonly keepOpen?: boolean;
}

const same = (bytes: Buffer): Buffer => bytes;

export class RawClient {
  readonly #client: Client;

  /** `target`: the path of a Unix socket, or HOST:PORT. */
  constructor(target: string, compression: keyof typeof compressionAlgorithms = 'identity') {
    this.#client = new Client(target.startsWith('/') ? `unix:${target}` : target, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.default_compression_algorithm': compressionAlgorithms[compression],
      'grpc.enable_channelz': 0,
      // No test waits for a second attempt to connect.
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_send_message_length': -1,
    });
  }

  /** Never rejects: a failure is an answer too. */
  call(path: string, bytes: Uint8Array, terms: CallTerms = {}): Promise<Answer> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(terms.headers ?? {})) metadata.set(name, value);
    const deadline = Date.now() + (terms.deadlineMs ?? 15_000);
    return new Promise((done) => {
      const request = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const call = this.#client.makeUnaryRequest(path, same, same, request, metadata, { deadline }, (error, reply) =>
        done(error ? failure(error) : { ...nothing, status: 'OK', bytes: reply ?? new Uint8Array() }),
      );
      terms.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  /** Sends a client stream of messages; without its end if `keepOpen`. */
  send(path: string, messages: readonly Uint8Array[], terms: SendTerms = {}): Promise<Answer> {
    return new Promise((done) => {
      const deadline = Date.now() + 15_000;
      const call = this.#client.makeClientStreamRequest(
        path,
        same,
        same,
        new Metadata(),
        { deadline },
        (error, reply) => done(error ? failure(error) : { ...nothing, status: 'OK', bytes: reply ?? new Uint8Array() }),
      );
      // The answer tells it too.
      call.on('error', () => undefined);
      terms.signal?.addEventListener('abort', () => call.cancel(), { once: true });
      for (const message of messages) call.write(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
      if (!terms.keepOpen) call.end();
    });
  }

  /** The first messages of a bidirectional call to which `bytes` were sent, or the status with which it failed. */
  converse(path: string, bytes: readonly Uint8Array[]): Promise<{ status: string; replies: readonly Buffer[] }> {
    const call = this.#client.makeBidiStreamRequest(path, same, same, new Metadata(), {
      deadline: Date.now() + 15_000,
    });
    const replies: Buffer[] = [];
    for (const each of bytes) call.write(Buffer.from(each));
    call.end();
    return new Promise((done) => {
      call.on('data', (reply: Buffer) => replies.push(reply));
      // The status tells it too; without a listener the error would end the test's process.
      call.on('error', () => undefined);
      call.on('status', ({ code }) => done({ status: statuses[code], replies }));
    });
  }

  /** Streams replies to `onReply` until `cancel`. */
  watch(
    path: string,
    bytes: Uint8Array,
    onReply: (reply: Buffer) => void,
  ): { ended: Promise<string>; cancel: () => void } {
    const call = this.#client.makeServerStreamRequest(path, same, same, Buffer.from(bytes));
    call.on('data', onReply);
    call.on('error', () => undefined);
    const ended = new Promise<string>((done) => call.on('status', ({ code }) => done(statuses[code])));
    return { ended, cancel: () => call.cancel() };
  }

  close(): void {
    this.#client.close();
  }
}

const nothing: Answer = {
  status: '',
  message: '',
  bytes: new Uint8Array(),
  info: undefined,
  violations: [],
  quota: [],
  retry: undefined,
  requestId: '',
  receipt: undefined,
};

function failure({ code, details: message, metadata }: ServiceError): Answer {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const { details } = Status.decode(Buffer.isBuffer(bytes) ? bytes : new Uint8Array());
  const find = <T>(name: string, codec: { decode(bytes: Uint8Array): T }): T | undefined => {
    const found = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${name}`);
    return found && codec.decode(found.value);
  };
  return {
    status: statuses[code],
    message,
    bytes: new Uint8Array(),
    info: find('google.rpc.ErrorInfo', ErrorInfo),
    violations: find('google.rpc.BadRequest', BadRequest)?.fieldViolations ?? [],
    quota: find('google.rpc.QuotaFailure', QuotaFailure)?.violations ?? [],
    retry: find('google.rpc.RetryInfo', RetryInfo),
    requestId: find('google.rpc.RequestInfo', RequestInfo)?.requestId ?? '',
    receipt: find('acceld.v1.Receipt', Receipt),
  };
}
