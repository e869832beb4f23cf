import type { Receipt } from '../gen/acceld/v1/execution.js';

/** One field at fault. */
export interface Violation {
  /** Path in the request, as "dividend_yield.data[17]"; the index is the caller's row. */
  readonly field: string;
  /** What it must be and what it was. */
  readonly description: string;
}

/** One exceeded limit. */
export interface QuotaViolation {
  readonly subject: string;
  readonly description: string;
}

interface LocalFault {
  /** gRPC status by name. */
  readonly status: string;
  readonly retryable: boolean;
  readonly meaning: string;
}

/** Failures that the client finds itself. Every other code comes from the daemon (docs/OPERATING.md). */
export const localFaults = {
  INVALID_INPUT: { status: 'INVALID_ARGUMENT', retryable: false, meaning: 'the arguments break their contract' },
  DAEMON_UNREACHABLE: { status: 'UNAVAILABLE', retryable: true, meaning: 'nothing answers at the socket or address' },
  CONNECTION_LOST: { status: 'UNAVAILABLE', retryable: true, meaning: 'the connection ended before the answer' },
  SOCKET_UNTRUSTED: { status: 'FAILED_PRECONDITION', retryable: false, meaning: 'somebody else may own the socket' },
  DEADLINE_EXCEEDED: { status: 'DEADLINE_EXCEEDED', retryable: false, meaning: 'the time of the call is over' },
  CANCELLED: { status: 'CANCELLED', retryable: false, meaning: 'the signal of the caller was raised' },
  CLIENT_CLOSED: { status: 'CANCELLED', retryable: false, meaning: 'close() was called' },
  REPLIES_UNREAD: { status: 'RESOURCE_EXHAUSTED', retryable: false, meaning: 'a stream of a session is not read' },
  REPLY_INVALID: { status: 'INTERNAL', retryable: false, meaning: 'the reply breaks its contract' },
} as const satisfies Record<string, LocalFault>;

/** What is known of a failed call. */
export interface FaultFacts {
  readonly code: string;
  readonly status: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly violations?: readonly Violation[];
  readonly quota?: readonly QuotaViolation[];
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly receipt?: Receipt | undefined;
  readonly cause?: unknown;
}

/** A call failed. Every promise of the client rejects with one of these. */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** The daemon's fault code or one of `localFaults`, as "INVALID_INPUT". */
  readonly code: string;
  /** Name of the gRPC status, as "INVALID_ARGUMENT". */
  readonly status: string;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly violations: readonly Violation[];
  readonly quota: readonly QuotaViolation[];
  readonly requestId: string | undefined;
  /** Least time to wait before the same call is made again. */
  readonly retryAfterMs: number | undefined;
  /** What the daemon knows of the failed call. */
  readonly receipt: Receipt | undefined;

  constructor(facts: FaultFacts) {
    super(facts.message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.retryable = facts.retryable;
    this.violations = facts.violations ?? [];
    this.quota = facts.quota ?? [];
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
    this.receipt = facts.receipt;
  }
}

/** A fault of the client's own. */
export function localFault(code: keyof typeof localFaults, message: string, facts: Partial<FaultFacts> = {}): Fault {
  const { status, retryable } = localFaults[code];
  return new Fault({ status, retryable, ...facts, code, message });
}

/** The arguments are wrong: one fault that names every field. */
export function invalidArguments(violations: readonly Violation[]): Fault {
  const sentences = violations.map(({ field, description }) => `${field} ${description}`);
  return localFault('INVALID_INPUT', sentences.join('; '), { violations });
}
