import { resolve } from 'node:path';
import type { Transport } from './call.js';
import { invalidArguments, type Violation } from './fault.js';
import { defaultRetryPolicy, type RetryPolicy } from './retry.js';
import { defaultSocketPath } from './socket-path.js';

/** How to reach the daemon. Give `socket` or `address`, or neither for the default socket. */
export interface ConnectOptions {
  /** Path of the daemon's Unix socket. */
  readonly socket?: string | undefined;
  /** "127.0.0.1:PORT", "[::1]:PORT" or "localhost:PORT". Other hosts are refused: the connection is not encrypted. */
  readonly address?: string | undefined;
  /** Milliseconds for one call, retries included, unless the call says otherwise. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** The user id that the daemon runs as, if it is neither root nor this user. */
  readonly serverUid?: number | undefined;
}

/** How to make one call. */
export interface CallOptions {
  /** Ends the call: it rejects with CANCELLED and the daemon stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the call, retries included. */
  readonly timeoutMs?: number | undefined;
  /** Comes back on the receipt and in the daemon's log: 1 to 64 printable ASCII characters. */
  readonly requestId?: string | undefined;
}

/** How to make one call in a session, whose frames have no place for a request id. */
export type SessionCallOptions = Omit<CallOptions, 'requestId'>;

/** Validated options. */
export interface Settings {
  /** Path of the socket, absent for an address. */
  readonly socket: string | undefined;
  /** Target in gRPC's syntax. */
  readonly target: string;
  /** Socket or address as people write it. */
  readonly shownTarget: string;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly serverUid: number | undefined;
}

const defaultTimeoutMs = 30_000;

/** The longest delay of a Node timer. */
const timeoutMsMax = 2 ** 31 - 1;

/** sun_path holds 104 bytes on macOS, 108 on Linux, the closing zero included. */
const socketPathBytesMax = 103;

const optionNames = ['socket', 'address', 'timeoutMs', 'retry', 'serverUid'];
const callOptionNames = ['signal', 'timeoutMs', 'requestId'];
const loopback = /^(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/;
const printable = /^[\x20-\x7e]{1,64}$/;

export function parseSettings(options: ConnectOptions): Settings {
  const { socket, address, timeoutMs = defaultTimeoutMs, retry = {}, serverUid } = options;
  const attemptsMax = retry.attemptsMax ?? defaultRetryPolicy.attemptsMax;
  const path = address === undefined ? resolve(socket || defaultSocketPath()) : undefined;
  throwIfAny([
    ...unknownNames(options, optionNames),
    ...unknownNames(retry, ['attemptsMax']).map(({ description }) => ({ field: 'retry', description })),
    socket !== undefined && address !== undefined && violation('address', 'must be unset where socket is set'),
    socket === '' && violation('socket', 'must be a path, got ""'),
    path !== undefined &&
      Buffer.byteLength(path) > socketPathBytesMax &&
      violation('socket', `must be at most ${socketPathBytesMax} bytes long, got ${path}`),
    address !== undefined &&
      !isLoopback(address) &&
      violation('address', `must be a loopback HOST:PORT, got ${address}`),
    timeoutViolation(timeoutMs),
    !(Number.isInteger(attemptsMax) && attemptsMax >= 1) &&
      violation('retry.attemptsMax', `must be a whole number from 1, got ${attemptsMax}`),
    serverUid !== undefined &&
      !(Number.isInteger(serverUid) && serverUid >= 0) &&
      violation('serverUid', `must be a user id, got ${serverUid}`),
  ]);
  return {
    socket: path,
    target: path === undefined ? `dns:${address}` : `unix:${path}`,
    shownTarget: path ?? String(address),
    timeoutMs,
    retry: { attemptsMax },
    serverUid,
  };
}

export function assertCallOptions(
  options: CallOptions,
  { carriesRequestIds }: Pick<Transport, 'carriesRequestIds'>,
): void {
  const { signal, timeoutMs, requestId } = options;
  throwIfAny([
    ...unknownNames(options, callOptionNames),
    signal !== undefined && !(signal instanceof AbortSignal) && violation('signal', 'must be an AbortSignal'),
    timeoutMs !== undefined && timeoutViolation(timeoutMs),
    requestId !== undefined && !carriesRequestIds && violation('requestId', 'must be unset in a session'),
    requestId !== undefined &&
      !printable.test(requestId) &&
      violation('requestId', `must be 1 to 64 printable ASCII characters, got ${JSON.stringify(requestId)}`),
  ]);
}

function isLoopback(address: string): boolean {
  const port = Number(loopback.exec(address)?.[2]);
  return port >= 1 && port <= 65_535;
}

function timeoutViolation(timeoutMs: number): Violation | false {
  if (timeoutMs > 0 && timeoutMs <= timeoutMsMax) return false;
  return violation('timeoutMs', `must be above 0 and at most ${timeoutMsMax}, got ${timeoutMs}`);
}

const unknownNames = (options: object, known: readonly string[]): Violation[] =>
  Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => violation(name, `is no option; options are ${known.join(', ')}`));

const violation = (field: string, description: string): Violation => ({ field, description });

function throwIfAny(found: readonly (Violation | false)[]): void {
  const violations = found.filter((item) => item !== false);
  if (violations.length > 0) throw invalidArguments(violations);
}
