// Many calls over one stream of SessionService.Open: frames out, answers to the call of their id.
import { setMaxListeners } from 'node:events';
import { catalog } from '../gen/catalog.js';
import { OpenRequest, OpenResponse } from '../gen/acceld/v1/session_service.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import { assertNotCancelled, leftMsOf, type Call, type Transport } from './call.js';
import { localFault, type Fault } from './fault.js';
import { Inbox, unreadFault } from './inbox.js';
import type { DuplexStream, Link } from './link.js';
import { servicesOver } from './services.js';
import type { SessionCallOptions } from './settings.js';
import { statusFault } from './status-fault.js';
import type { Services } from './types.js';

/** The client's methods over one stream. */
export type Session = Services<SessionCallOptions> & {
  /** Takes no more calls, and resolves once those in flight were answered and the stream has ended. */
  close(): Promise<void>;
};

export function openSession(link: Link, timeoutMs: number): Session {
  const transport = new SessionTransport(link);
  return { ...servicesOver(transport, timeoutMs), close: () => transport.close() };
}

interface Answering {
  answer(bytes: Uint8Array, isLast: boolean): void;
  fail(fault: Fault): void;
}

interface Pending extends Answering {
  /** Lets go of the timer and the signal. */
  release(): void;
}

class SessionTransport implements Transport {
  readonly carriesRequestIds = false;
  readonly #link: Link;
  readonly #pending = new Map<bigint, Pending>();
  #stream: DuplexStream | undefined;
  #lastId = 0n;
  #isClosing = false;

  constructor(link: Link) {
    this.#link = link;
  }

  send(call: Call, message: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#start(call, message, { answer: resolve, fail: reject });
    });
  }

  async *stream(call: Call, message: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const inbox = new Inbox();
    const id = this.#start(call, message, {
      answer: (bytes, isLast) => {
        const hasPlace = inbox.put(bytes);
        if (isLast || !hasPlace) inbox.end(hasPlace ? undefined : unreadFault());
        if (!hasPlace) this.#giveUp(id, unreadFault());
      },
      fail: (fault) => inbox.end(fault),
    });
    try {
      for (;;) {
        const reply = await inbox.take();
        if (reply === undefined) return;
        assertNotCancelled(call.signal);
        yield reply;
      }
    } finally {
      if (!inbox.hasEnded) this.#giveUp(id, localFault('CANCELLED', 'the reader left'));
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const stream = this.#stream;
    if (stream === undefined) return;
    const ended = new Promise<void>((resolve) => stream.once('status', () => resolve()));
    this.#endWhenDone();
    await ended;
  }

  #start(call: Call, message: Uint8Array, answering: Answering): bigint {
    if (this.#isClosing) throw localFault('CLIENT_CLOSED', 'the session was closed');
    const { path, signal } = call;
    assertNotCancelled(signal);
    const leftMs = leftMsOf(call);
    const stream = (this.#stream ??= this.#open());
    const id = (this.#lastId += 1n);
    const cancel = () => this.#giveUp(id, localFault('CANCELLED', 'the call was cancelled', { cause: signal?.reason }));
    const expire = () => this.#giveUp(id, localFault('DEADLINE_EXCEEDED', 'the deadline passed before the answer'));
    const timer = setTimeout(expire, leftMs);
    const release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    };
    if (signal !== undefined) {
      // Node warns at 11 listeners, and one signal for many calls is ordinary use.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', cancel, { once: true });
    }
    this.#pending.set(id, { ...answering, release });
    const value = { method: path, request: message, timeout: durationOf(leftMs) };
    write(stream, { id, action: { $case: 'call', value } });
    return id;
  }

  #open(): DuplexStream {
    const stream = this.#link.openDuplex(catalog.session.open.path);
    stream.on('data', (bytes: Uint8Array) => this.#receive(stream, bytes));
    stream.on('error', (error) => this.#lose(stream, this.#link.faultOf(error)));
    stream.on('end', () => this.#lose(stream, localFault('CONNECTION_LOST', 'the daemon ended the session')));
    return stream;
  }

  #receive(stream: DuplexStream, bytes: Uint8Array): void {
    let response: OpenResponse;
    try {
      response = OpenResponse.decode(bytes);
    } catch (error) {
      this.#lose(stream, localFault('REPLY_INVALID', 'a frame of the session cannot be read', { cause: error }));
      stream.cancel();
      return;
    }
    const { id, answer, last } = response;
    // Absent: the caller gave up, and this answer was on its way.
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (last || answer?.$case !== 'response') this.#forget(id, pending);
    if (answer?.$case === 'response') pending.answer(answer.value, last);
    else if (answer?.$case === 'status') pending.fail(statusFault(answer.value));
    else pending.fail(localFault('REPLY_INVALID', 'a frame of the session holds no answer'));
  }

  /** Ends a call on this side, and tells the daemon. */
  #giveUp(id: bigint, fault: Fault): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (this.#stream !== undefined) write(this.#stream, { id, action: { $case: 'cancel', value: {} } });
    this.#forget(id, pending);
    pending.fail(fault);
  }

  #forget(id: bigint, pending: Pending): void {
    pending.release();
    this.#pending.delete(id);
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.#isClosing && this.#pending.size === 0) this.#stream?.end();
  }

  #lose(stream: DuplexStream, fault: Fault): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    stream.end();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of lost) {
      pending.release();
      pending.fail(fault);
    }
  }
}

function write(stream: DuplexStream, request: OpenRequest): void {
  stream.write(OpenRequest.encode(request).finish());
}

/** At least a nanosecond: a call without time is not started. */
function durationOf(ms: number): Duration {
  const seconds = Math.floor(ms / 1e3);
  return { seconds: BigInt(seconds), nanos: Math.max(1, Math.floor((ms - seconds * 1e3) * 1e6)) };
}
