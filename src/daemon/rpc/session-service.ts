// SessionService.Open: many calls over one stream, each by the same handlers as a call of its own.
import type { MethodDefinition, Server, ServerDuplexStream } from '@grpc/grpc-js';
import { OpenRequest, OpenResponse, type SessionCall } from '../../gen/acceld/v1/session_service.js';
import type { Caller } from '../base/caller.js';
import type { Clock } from '../base/clock.js';
import { Fault, invalidInput, rejected } from '../base/fault.js';
import { retryAfterMs, sessionCallsMax } from '../base/limits.js';
import { requestId } from '../base/request-id.js';
import { FailedCall, type Incoming } from './call.js';
import { faultStatus, richStatus } from './fault-status.js';
import type { Methods } from './methods.js';
import { asBuffer } from './grpc-methods.js';
import type { Identity } from './identity.js';

type Bytes = Buffer<ArrayBufferLike>;
type Stream = ServerDuplexStream<Bytes, Bytes>;

interface Rooms {
  readonly methods: Methods;
  readonly identity: Identity;
  readonly clock: Clock;
}

const path = '/acceld.v1.SessionService/Open';

/** Every open session. */
export class Sessions {
  readonly #rooms: Rooms;
  readonly #open = new Set<Session>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  addTo(server: Server): void {
    const pass = (bytes: Bytes): Bytes => bytes;
    const definition: MethodDefinition<Bytes, Bytes> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    };
    server.addService({ open: definition }, { open: (stream: Stream) => this.#accept(stream) });
  }

  /** Ends every session once its running calls are answered. */
  drain(): void {
    for (const session of this.#open) session.endWhenDone();
  }

  #accept(stream: Stream): void {
    const caller = this.#rooms.identity.find(stream.getPeer());
    if (caller === undefined) {
      stream.destroy();
      return;
    }
    const session = new Session(stream, caller, this.#rooms);
    this.#open.add(session);
    stream.once('close', () => this.#open.delete(session));
  }
}

/** A call under its id. The controller is made only for a call that has to wait. */
interface Running {
  cancelled: boolean;
  controller: AbortController | undefined;
  /** Its last answer has left this process, or never will. */
  hasLeft: boolean;
  onLeft: (() => void) | undefined;
}

class Session {
  readonly #stream: Stream;
  readonly #caller: Caller;
  readonly #rooms: Rooms;
  readonly #running = new Map<bigint, Running>();
  /** Calls whose last answer was written and has not left. */
  readonly #leaving = new Set<Running>();
  /** Calls that wait until the client takes more. */
  readonly #waiting: (() => void)[] = [];
  #isEnding = false;

  constructor(stream: Stream, caller: Caller, rooms: Rooms) {
    this.#stream = stream;
    this.#caller = caller;
    this.#rooms = rooms;
    stream.on('data', (bytes: Bytes) => this.#receive(bytes));
    stream.on('drain', () => {
      stream.resume();
      this.#wakeWaiting();
    });
    stream.on('end', () => this.endWhenDone());
    stream.on('cancelled', () => {
      for (const running of this.#running.values()) cancel(running);
      this.#wakeWaiting();
    });
    // The write that waits in grpc-js when the client goes is never called back.
    stream.on('close', () => {
      this.#wakeWaiting();
      for (const running of this.#leaving) this.#leave(running);
    });
    stream.on('error', () => undefined);
  }

  endWhenDone(): void {
    this.#isEnding = true;
    if (this.#running.size === 0) this.#stream.end();
  }

  #receive(bytes: Bytes): void {
    let request: OpenRequest;
    try {
      request = OpenRequest.decode(bytes);
    } catch (error) {
      // Without an id there is only the stream to tell it.
      const fault = invalidInput([{ field: 'request', description: `is no OpenRequest: ${(error as Error).message}` }]);
      const id = requestId(undefined, this.#rooms.clock.wallMs());
      this.#stream.emit('error', faultStatus(fault, id));
      return;
    }
    const { id, action } = request;
    if (action?.$case === 'cancel') cancel(this.#running.get(id));
    else if (action?.$case === 'call') this.#start(id, action.value);
    else this.#answerFault(id, new FailedCall(invalidInput([rejected('action', 'call or cancel', undefined)]), ''));
  }

  #start(id: bigint, call: SessionCall): void {
    const { unary, stream } = this.#rooms.methods;
    const [unaryMethod, streamMethod] = [unary.get(call.method), stream.get(call.method)];
    const fault = this.#refusal(id, call, unaryMethod !== undefined || streamMethod !== undefined);
    if (fault !== undefined) {
      this.#answerFault(id, new FailedCall(fault, requestId(undefined, this.#rooms.clock.wallMs())));
      return;
    }
    const running: Running = { cancelled: false, controller: undefined, hasLeft: false, onLeft: undefined };
    this.#running.set(id, running);
    const incoming = this.#incoming(call, running);
    const answered = unaryMethod
      ? unaryMethod(incoming).then((bytes) => this.#answer(id, bytes, running))
      : streamMethod!(
          incoming,
          (bytes, last) => this.#answer(id, bytes, last ? running : undefined),
          () => this.#drained(),
        );
    answered.catch((error: unknown) => this.#answerFault(id, error, running));
  }

  #incoming({ request, timeout }: SessionCall, running: Running): Incoming {
    return {
      caller: this.#caller,
      bytes: request,
      requestId: undefined,
      deadlineMs: timeout ? this.#rooms.clock.wallMs() + milliseconds(timeout) : Infinity,
      cancellation: () => {
        running.controller = new AbortController();
        if (running.cancelled) running.controller.abort();
        return running.controller.signal;
      },
      onClosed: (act) => {
        if (running.hasLeft) act();
        else running.onLeft = act;
      },
    };
  }

  #refusal(id: bigint, { method, timeout }: SessionCall, isKnown: boolean): Fault | undefined {
    if (this.#running.has(id)) return new Fault('ID_IN_USE', `the session has a running call ${id}`);
    if (!isKnown) return new Fault('METHOD_UNKNOWN', `no method ${JSON.stringify(method.slice(0, 128))} in a session`);
    if (timeout && !(milliseconds(timeout) > 0)) {
      return invalidInput([rejected('call.timeout', 'above 0', `${milliseconds(timeout)} ms`)]);
    }
    if (this.#running.size < sessionCallsMax) return undefined;
    const description = `calls at once in a session: ${this.#running.size + 1} would exceed ${sessionCallsMax}`;
    const quota = [{ subject: `caller:${this.#caller.name}`, description }];
    return new Fault('REQUESTS_EXCEEDED', description, { quota, retryAfterMs });
  }

  /** `ended`: the call whose last answer this is. */
  #answer(id: bigint, bytes: Uint8Array, ended: Running | undefined): boolean {
    return this.#write({ id, answer: { $case: 'response', value: bytes }, last: ended !== undefined }, ended);
  }

  #answerFault(id: bigint, error: unknown, ended?: Running): void {
    const status = FailedCall.of(error).status(richStatus);
    this.#write({ id, answer: { $case: 'status', value: status }, last: true }, ended);
  }

  #write(response: OpenResponse, ended: Running | undefined): boolean {
    if (ended) {
      this.#running.delete(response.id);
      this.#leaving.add(ended);
    }
    const bytes = asBuffer(OpenResponse.encode(response).finish());
    const keepsUp = this.#stream.write(bytes, () => ended && this.#leave(ended));
    // A client that does not read its answers is not read from either, so at most the running calls pile up.
    if (!keepsUp) this.#stream.pause();
    if (this.#isEnding && this.#running.size === 0) this.#stream.end();
    return keepsUp;
  }

  /** Of the whole session: its calls share one stream. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || !this.#stream.writableNeedDrain) resolve();
      else this.#waiting.push(resolve);
    });
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #leave(running: Running): void {
    running.hasLeft = true;
    running.onLeft?.();
    this.#leaving.delete(running);
  }
}

function cancel(running: Running | undefined): void {
  if (running === undefined) return;
  running.cancelled = true;
  running.controller?.abort();
}

const milliseconds = ({ seconds, nanos }: { seconds: bigint; nanos: number }): number =>
  Number(seconds) * 1e3 + nanos / 1e6;
