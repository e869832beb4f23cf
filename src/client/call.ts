// One call, and what can carry it: a connection (link.ts) or a session over one stream of it (session.ts).
import { localFault } from './fault.js';

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

/** Moves encoded messages. Whatever goes wrong is a Fault, and nothing of the call is left behind. */
export interface Transport {
  /** A session's frames have no place for request ids. */
  readonly carriesRequestIds: boolean;
  /** Sends one request message and resolves with the one reply message. */
  send(call: Call, message: Uint8Array): Promise<Uint8Array>;
  /** Sends one request message and gives the reply messages as they come. Leaving early ends the call. */
  stream(call: Call, message: Uint8Array): AsyncGenerator<Uint8Array, void, undefined>;
}

export function assertNotCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw localFault('CANCELLED', 'the call was cancelled', { cause: signal.reason });
}

/** Milliseconds until the deadline, above 0. */
export function leftMsOf({ deadlineMs }: Call): number {
  const leftMs = deadlineMs - performance.now();
  if (leftMs > 0) return leftMs;
  throw localFault('DEADLINE_EXCEEDED', 'the deadline passed before the call was made');
}

/** The same memory: `Buffer.from(bytes)` would copy it. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
