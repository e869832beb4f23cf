// One connection to a daemon and the one way of a request over it: trust, deadline, attempt, fault, retry.
// It moves bytes and knows no message.
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { asBuffer, assertNotCancelled, leftMsOf, type Call, type Transport } from './call.js';
import { localFault, type Fault } from './fault.js';
import { retryDelayMs } from './retry.js';
import type { Settings } from './settings.js';
import { assertTrustedSocket } from './socket-trust.js';
import { faultOf } from './status-fault.js';

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

/** A stream of bytes in both directions. */
export type DuplexStream = ClientDuplexStream<Uint8Array, Uint8Array>;

export class Link implements Transport {
  readonly carriesRequestIds = true;
  readonly #settings: Settings;
  readonly #client: Client;
  readonly #open = new Set<{ cancel(): void }>();
  readonly #closing = new AbortController();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#client = new Client(settings.target, credentials.createInsecure(), channelOptions);
    setMaxListeners(0, this.#closing.signal);
  }

  async send(call: Call, message: Uint8Array): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, message).catch((fault: Fault) => ({ fault }));
      if (!('fault' in outcome)) return outcome;
      await this.#waitForAttempt(call, outcome.fault, attempt + 1);
    }
  }

  async *stream(call: Call, message: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    for (let attempt = 1; ; attempt += 1) {
      let hasAnswered = false;
      try {
        for await (const reply of this.#attemptStream(call, message)) {
          hasAnswered = true;
          yield reply;
        }
        return;
      } catch (error) {
        // The reader has seen a part of the answer, and another attempt would begin again.
        if (hasAnswered) throw error;
        await this.#waitForAttempt(call, error as Fault, attempt + 1);
      }
    }
  }

  /** Sends every message of a client stream and resolves with the one reply. Makes one attempt. */
  async sendAll(call: Call, messages: Iterable<Uint8Array>): Promise<Uint8Array> {
    const leftMs = this.#begin(call);
    try {
      return await this.#exchangeAll(call, messages, leftMs);
    } catch (error) {
      throw this.faultOf(error, call.signal);
    }
  }

  /** Opens a stream of both directions. Its errors are for `faultOf`. */
  openDuplex(path: string): DuplexStream {
    this.#assertMayConnect();
    const stream = this.#client.makeBidiStreamRequest<Uint8Array, Uint8Array>(path, asBuffer, (reply) => reply);
    this.#open.add(stream);
    stream.once('status', () => this.#open.delete(stream));
    return stream;
  }

  /** What an error of grpc-js means, knowing who ended the call. */
  faultOf(error: unknown, signal?: AbortSignal): Fault {
    try {
      this.#assertAlive(signal);
    } catch (fault) {
      return fault as Fault;
    }
    return faultOf(error as ServiceError, this.#settings.shownTarget);
  }

  /** Ends every call in flight with CLIENT_CLOSED and the connection. */
  close(): void {
    this.#closing.abort();
    for (const call of this.#open) call.cancel();
    this.#client.close();
  }

  async #attempt(call: Call, message: Uint8Array): Promise<Uint8Array> {
    const leftMs = this.#begin(call);
    try {
      return await this.#exchange(call, message, leftMs);
    } catch (error) {
      throw this.faultOf(error, call.signal);
    }
  }

  async *#attemptStream(call: Call, message: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const { path, signal } = call;
    const options = { deadline: Date.now() + this.#begin(call) };
    const metadata = metadataOf(call);
    const stream = this.#client.makeServerStreamRequest(path, asBuffer, (reply) => reply, message, metadata, options);
    const cancel = () => stream.cancel();
    // A reader that has left does not hear the error of its own cancelling.
    stream.on('error', () => undefined);
    this.#open.add(stream);
    listen(signal, cancel);
    try {
      for await (const reply of stream as AsyncIterable<Uint8Array>) {
        this.#assertAlive(signal);
        yield reply;
      }
    } catch (error) {
      throw this.faultOf(error, signal);
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#open.delete(stream);
      stream.cancel();
    }
  }

  /** Milliseconds for an attempt that may be made. */
  #begin(call: Call): number {
    assertNotCancelled(call.signal);
    this.#assertMayConnect();
    return leftMsOf(call);
  }

  #assertMayConnect(): void {
    this.#assertAlive(undefined);
    const { socket, serverUid } = this.#settings;
    // Before every attempt, because the channel connects again by itself; it costs a few microseconds.
    if (socket !== undefined) assertTrustedSocket(socket, serverUid);
  }

  #exchange(request: Call, message: Uint8Array, leftMs: number): Promise<Uint8Array> {
    const { path, signal } = request;
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel();
      const call = this.#client.makeUnaryRequest<Uint8Array, Uint8Array>(
        path,
        asBuffer,
        (reply) => reply,
        message,
        metadataOf(request),
        { deadline: Date.now() + leftMs },
        (error, reply) => {
          signal?.removeEventListener('abort', cancel);
          this.#open.delete(call);
          if (error) reject(error);
          else resolve(reply!);
        },
      );
      this.#open.add(call);
      listen(signal, cancel);
    });
  }

  #exchangeAll(request: Call, messages: Iterable<Uint8Array>, leftMs: number): Promise<Uint8Array> {
    const { path, signal } = request;
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel();
      const metadata = metadataOf(request);
      const options = { deadline: Date.now() + leftMs };
      const call = this.#client.makeClientStreamRequest<Uint8Array, Uint8Array>(
        path,
        asBuffer,
        (reply) => reply,
        metadata,
        options,
        (error, reply) => {
          signal?.removeEventListener('abort', cancel);
          this.#open.delete(call);
          if (error) reject(error);
          else resolve(reply!);
        },
      );
      // The callback tells it.
      call.on('error', () => undefined);
      this.#open.add(call);
      listen(signal, cancel);
      Readable.from(messages).pipe(call as unknown as NodeJS.WritableStream);
    });
  }

  /** Waits until attempt number `attempt` is due, or throws `fault` where there is to be none. */
  async #waitForAttempt(call: Call, fault: Fault, attempt: number): Promise<void> {
    const waitMs = call.idempotent ? retryDelayMs(fault, attempt - 1, this.#settings.retry) : undefined;
    // Without time for another attempt the fault itself says more than a passed deadline would.
    if (waitMs === undefined || performance.now() + waitMs >= call.deadlineMs) throw fault;
    await this.#wait(waitMs, call.signal);
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
    assertNotCancelled(signal);
  }
}

function metadataOf({ requestId }: Call): Metadata {
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set('x-request-id', requestId);
  return metadata;
}

function listen(signal: AbortSignal | undefined, cancel: () => void): void {
  if (signal === undefined) return;
  // Node warns at 11 listeners, and one signal for many calls is ordinary use.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', cancel, { once: true });
}
