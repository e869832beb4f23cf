// Turns gRPC's errors into faults. The only file of the client that reads error details.
import { status as statuses, type ServiceError } from '@grpc/grpc-js';
import { Receipt } from '../gen/acceld/v1/execution.js';
import type { Any } from '../gen/google/protobuf/any.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import { BadRequest, ErrorInfo, QuotaFailure, RequestInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import { Fault, localFault } from './fault.js';

/** What grpc-js says when no connection could be made, as opposed to one that ended. */
const unreachable = /^No connection established|^Name resolution failed/;

/** `target` is the socket or address, for the hint of an unreachable daemon. */
export function faultOf(error: ServiceError, target: string): Fault {
  const details = detailsOf(error);
  const info = find(details, 'google.rpc.ErrorInfo', ErrorInfo);
  if (info?.domain === 'acceld') {
    return daemonFault({ code: error.code, message: error.details, details }, info, error);
  }
  if (error.code === statuses.UNAVAILABLE && unreachable.test(error.details)) return unreachableFault(target, error);
  // Our own cancelling never gets here, so a bare CANCELLED is a server that dropped its streams.
  if (error.code === statuses.UNAVAILABLE || error.code === statuses.CANCELLED) {
    return localFault('CONNECTION_LOST', `the connection to ${target} ended before the answer`, { cause: error });
  }
  if (error.code === statuses.DEADLINE_EXCEEDED) {
    return localFault('DEADLINE_EXCEEDED', 'the deadline passed before the answer', { cause: error });
  }
  const status = nameOf(error.code);
  return new Fault({ code: status, status, message: error.details, retryable: false, cause: error });
}

export function unreachableFault(target: string, cause: unknown): Fault {
  const hint = `cannot reach acceld: is it serving at ${target}?`;
  return localFault('DAEMON_UNREACHABLE', hint, { cause });
}

/** The status that ends a call in a session; without details of acceld it says little. */
export function statusFault(rich: Status): Fault {
  const info = find(rich.details, 'google.rpc.ErrorInfo', ErrorInfo);
  if (info?.domain === 'acceld') return daemonFault(rich, info);
  const status = nameOf(rich.code);
  return new Fault({ code: status, status, message: rich.message, retryable: false });
}

function daemonFault({ code, message, details }: Status, info: ErrorInfo, cause?: ServiceError): Fault {
  const delay = find(details, 'google.rpc.RetryInfo', RetryInfo)?.retryDelay;
  return new Fault({
    code: info.reason,
    status: nameOf(code),
    message,
    retryable: info.metadata.get('retryable') === 'true',
    violations: find(details, 'google.rpc.BadRequest', BadRequest)?.fieldViolations ?? [],
    quota: find(details, 'google.rpc.QuotaFailure', QuotaFailure)?.violations ?? [],
    requestId: find(details, 'google.rpc.RequestInfo', RequestInfo)?.requestId,
    retryAfterMs: delay && milliseconds(delay),
    receipt: find(details, 'acceld.v1.Receipt', Receipt),
    cause,
  });
}

const nameOf = (code: number): string => statuses[code] ?? String(code);

const milliseconds = ({ seconds, nanos }: Duration): number => Math.max(0, Number(seconds) * 1e3 + nanos / 1e6);

function detailsOf(error: ServiceError): Any[] {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return Status.decode(bytes).details;
  } catch {
    // Not ours or damaged: the status itself still tells what happened.
    return [];
  }
}

function find<T>(details: readonly Any[], name: string, codec: { decode(bytes: Uint8Array): T }): T | undefined {
  const detail = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${name}`);
  if (detail === undefined) return undefined;
  try {
    return codec.decode(detail.value);
  } catch {
    return undefined;
  }
}
