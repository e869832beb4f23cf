// Decides whether and when a failed call is made again. Every limit of it is here.
import type { Fault } from './fault.js';

export interface RetryPolicy {
  /** Attempts in all, the first included; 1 means no retry. */
  readonly attemptsMax: number;
}

/** Waits of 25, 50, 100 and 200 ms bridge a full queue and a restart of the daemon; a longer outage is the caller's. */
export const defaultRetryPolicy: RetryPolicy = { attemptsMax: 5 };

/** The daemon's own hint is 20 ms: enough for a queue to move. */
const firstDelayMs = 25;

/** A person waits no longer than this between two attempts; the daemon's hint may ask for more. */
const delayMsMax = 1_000;

/**
 * Milliseconds to wait after failed attempt number `attempt` (from 1), or undefined if there is to be no other.
 * `random` (0 to 1) spreads clients that failed together over half of the wait, so that they do not return together.
 */
export function retryDelayMs(fault: Fault, attempt: number, { attemptsMax }: RetryPolicy, random = Math.random()) {
  if (!fault.retryable || attempt >= attemptsMax) return undefined;
  const backoffMs = Math.min(delayMsMax, firstDelayMs * 2 ** (attempt - 1));
  return (fault.retryAfterMs ?? 0) + backoffMs * (0.5 + random / 2);
}
