// One connection to a daemon and the one way of a request over it: trust, deadline, attempt, fault, retry.
// It moves bytes and knows no message.
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { localFault, type Fault } from './fault.js';
import { retryDelayMs } from './retry.js';
import type { Settings } from './settings.js';
import { assertTrustedSocket } from './socket-trust.js';
import { faultOf } from './status-fault.js';

/** One call of one method. */
export interface Call {
  /** "/acceld.v1.Service/Method" */
  readonly path: string;
  /** A second attempt is harmless. */
  readonly idempotent: boolean;
  /** Time of `performance.now()` at which the call is over. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly requestId?: string | undefined;
}

/** The daemon's replies are at most 4 MiB; the margin is for a daemon of another version. */
const receiveBytesMax = 4 * 1024 * 1024 + 64 * 1024;

/**
 * The receive window stays at HTTP/2's 64 KB ('grpc-node.flow_control_window' is not set). Node stops reading a session
 * while a write to it waits, so two Node processes that send much to each other wait for ever once the kernel's socket
 * buffers are full both ways. 64 KB fit into the buffer of a Unix socket, so the daemon's writes never wait; with 192 KB
 * a connection hung within seconds, and replies came no faster.
 */
const channelOptions = {
  'grpc.max_receive_message_length': receiveBytesMax,
  // Two clients of one program share no connection: close() of one must not touch the other.
  'grpc.use_local_subchannel_pool': 1,
  // A proxy named in the environment must not see, nor break, a connection to this machine.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  // retry.ts is the only place that decides to try again.
  'grpc.enable_retries': 0,
  // Below the waits of retry.ts, so that each attempt is a real one.
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

export class Link {
  readonly #settings: Settings;
  readonly #client: Client;
  readonly #open = new Set<ClientUnaryCall>();
  readonly #closing = new AbortController();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#client = new Client(settings.target, credentials.createInsecure(), channelOptions);
    setMaxListeners(0, this.#closing.signal);
  }

  /** Sends one request message and resolves with the reply message, or rejects with a Fault and nothing left behind. */
  async send(call: Call, message: Uint8Array): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, message).catch((fault: Fault) => ({ fault }));
      if (!('fault' in outcome)) return outcome;
      const waitMs = call.idempotent ? retryDelayMs(outcome.fault, attempt, this.#settings.retry) : undefined;
      // Without time for another attempt the fault itself says more than a passed deadline would.
      if (waitMs === undefined || performance.now() + waitMs >= call.deadlineMs) throw outcome.fault;
      await this.#wait(waitMs, call.signal);
    }
  }

  /** Ends every call in flight with CLIENT_CLOSED and the connection. */
  close(): void {
    this.#closing.abort();
    for (const call of this.#open) call.cancel();
    this.#client.close();
  }

  async #attempt(call: Call, message: Uint8Array): Promise<Uint8Array> {
    this.#assertAlive(call.signal);
    const { socket, serverUid, shownTarget } = this.#settings;
    // Before every attempt, because the channel connects again by itself; it costs a few microseconds.
    if (socket !== undefined) assertTrustedSocket(socket, serverUid);
    const leftMs = call.deadlineMs - performance.now();
    if (leftMs <= 0) throw localFault('DEADLINE_EXCEEDED', 'the deadline passed before the call was made');
    try {
      return await this.#exchange(call, message, leftMs);
    } catch (error) {
      this.#assertAlive(call.signal);
      throw faultOf(error as ServiceError, shownTarget);
    }
  }

  #exchange({ path, signal, requestId }: Call, message: Uint8Array, leftMs: number): Promise<Uint8Array> {
    const metadata = new Metadata();
    if (requestId !== undefined) metadata.set('x-request-id', requestId);
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel();
      const call = this.#client.makeUnaryRequest<Uint8Array, Uint8Array>(
        path,
        asBuffer,
        (reply) => reply,
        message,
        metadata,
        { deadline: Date.now() + leftMs },
        (error, reply) => {
          signal?.removeEventListener('abort', cancel);
          this.#open.delete(call);
          if (error) reject(error);
          else resolve(reply!);
        },
      );
      this.#open.add(call);
      if (signal === undefined) return;
      // Node warns at 11 listeners, and one signal for many calls is ordinary use.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  async #wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const ended = new AbortController();
    const end = () => ended.abort();
    const signals = [this.#closing.signal, ...(signal ? [signal] : [])];
    for (const each of signals) each.addEventListener('abort', end, { once: true });
    try {
      await pause(waitMs, undefined, { signal: ended.signal });
    } catch {
      this.#assertAlive(signal);
    } finally {
      for (const each of signals) each.removeEventListener('abort', end);
    }
  }

  #assertAlive(signal: AbortSignal | undefined): void {
    if (this.#closing.signal.aborted) throw localFault('CLIENT_CLOSED', 'the client was closed');
    if (signal?.aborted) throw localFault('CANCELLED', 'the call was cancelled', { cause: signal.reason });
  }
}

/** The same memory: `Buffer.from(bytes)` would copy it. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
