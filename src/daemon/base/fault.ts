import type { Receipt } from '../../gen/acceld/v1/execution.js';

interface FaultKind {
  /** gRPC status by name; rpc/fault-status.ts knows the numbers. */
  readonly status: string;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly meaning: string;
}

/** Every expected failure: code → gRPC status, retryable, meaning. docs/OPERATING.md lists the same codes. */
export const faultKinds = {
  INVALID_INPUT: { status: 'INVALID_ARGUMENT', retryable: false, meaning: 'the request breaks its contract' },
  COMPRESSION_REFUSED: { status: 'UNIMPLEMENTED', retryable: false, meaning: 'compressed messages are not accepted' },
  METHOD_UNKNOWN: { status: 'UNIMPLEMENTED', retryable: false, meaning: 'the daemon offers no such method' },
  CALLER_UNKNOWN: { status: 'UNAUTHENTICATED', retryable: false, meaning: 'the connection has no known caller' },
  NOT_ALLOWED: { status: 'PERMISSION_DENIED', retryable: false, meaning: 'the method is for callers of another role' },
  SERVICE_UNKNOWN: { status: 'NOT_FOUND', retryable: false, meaning: 'the daemon has no service of that name' },
  REQUESTS_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    retryable: true,
    meaning: 'too many calls of the caller in flight',
  },
  BYTES_EXCEEDED: { status: 'RESOURCE_EXHAUSTED', retryable: true, meaning: 'too many request bytes in flight' },
  QUEUE_FULL: { status: 'RESOURCE_EXHAUSTED', retryable: true, meaning: 'too many jobs of the caller wait in a lane' },
  MEMORY_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    retryable: true,
    meaning: 'the memory budget, or a share of it, has no room',
  },
  REGION_UNKNOWN: {
    status: 'NOT_FOUND',
    retryable: false,
    meaning: 'no such region of the caller, or another token',
  },
  ID_IN_USE: { status: 'ALREADY_EXISTS', retryable: false, meaning: 'the session has a call of this id' },
  MESSAGE_TOO_LARGE: { status: 'RESOURCE_EXHAUSTED', retryable: false, meaning: 'a session frame is over its limit' },
  DEADLINE_EXCEEDED: {
    status: 'DEADLINE_EXCEEDED',
    retryable: false,
    meaning: 'the deadline passed; the work was stopped',
  },
  CANCELLED: { status: 'CANCELLED', retryable: false, meaning: 'the client cancelled; the work was stopped' },
  DEVICE_ABSENT: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    meaning: 'no such device, and fallback is forbidden',
  },
  DEVICE_UNAVAILABLE: {
    status: 'UNAVAILABLE',
    retryable: true,
    meaning: 'the device failed or restarts, and fallback is forbidden',
  },
  JOB_QUARANTINED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    meaning: 'the device died of this job twice, and fallback is forbidden',
  },
  PRECISION_ABSENT: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    meaning: 'no kernel computes in the precision asked for',
  },
  PRECISION_EXCEEDED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    meaning: 'a result leaves the range of the precision',
  },
  HISTORY_ABSENT: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    meaning: 'the daemon keeps no history, or cannot read it now',
  },
  ALLOWANCE_CLOSED: {
    status: 'UNAVAILABLE',
    retryable: true,
    meaning: 'policy lets no work of this priority in now, to protect what is more urgent',
  },
  DRAINING: { status: 'UNAVAILABLE', retryable: true, meaning: 'the daemon is stopping' },
  INTERNAL: { status: 'INTERNAL', retryable: false, meaning: 'a bug of acceld; the log has the cause' },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faultKinds;

/** One field at fault. */
export interface Violation {
  /** Path in the request, as "spot.data[17]". */
  readonly field: string;
  /** What it must be and what it was. */
  readonly description: string;
}

/** One exceeded limit. */
export interface QuotaViolation {
  readonly subject: string;
  readonly description: string;
}

interface FaultDetails {
  readonly violations?: readonly Violation[];
  readonly quota?: readonly QuotaViolation[];
  readonly retryAfterMs?: number;
}

/** An expected failure. Anything else that is thrown is a bug and answers INTERNAL. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly violations: readonly Violation[];
  readonly quota: readonly QuotaViolation[];
  readonly retryAfterMs: number | undefined;
  /** What is known of the call, filled in by rpc/call.ts. */
  receipt: Receipt | undefined;

  constructor(
    readonly code: FaultCode,
    message: string,
    details: FaultDetails = {},
  ) {
    super(message);
    this.violations = details.violations ?? [];
    this.quota = details.quota ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A fault of the input. `count` is the number of violations where not all are listed. */
export function invalidInput(violations: readonly Violation[], count = violations.length): Fault {
  const fields = [...new Set(violations.map((violation) => violation.field.replace(/[.[].*/s, '')))];
  const what = count === 1 ? '1 violation' : `${count} violations`;
  return new Fault(
    'INVALID_INPUT',
    `invalid request: ${what} in ${fields.filter((field) => field !== '*').join(', ')}`,
    {
      violations,
    },
  );
}

/** The one sentence form for a rejected value. */
export function rejected(field: string, expected: string, got: unknown): Violation {
  return { field, description: `must be ${expected}, got ${show(got)}` };
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64));
  if (value === undefined) return 'nothing';
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : 'something else';
}
