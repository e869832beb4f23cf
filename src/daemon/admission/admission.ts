// Decides whether a call may enter: requests in flight with the bytes of request and answer, and jobs waiting, per caller
// and for the daemon.
// Never waits: a call is admitted or refused at once, and the refusal names the limit and its use.
import type { Caller } from '../base/caller.js';
import { Fault, type FaultCode } from '../base/fault.js';
import { callerStatesMax, retryAfterMs } from '../base/limits.js';

export interface AdmissionLimits {
  readonly requestsInFlightMax: number;
  readonly bytesInFlightMax: number;
  readonly queuedMax: number;
}

export interface AdmissionSettings {
  readonly perCaller: AdmissionLimits;
  readonly daemon: AdmissionLimits;
}

export interface Usage {
  requests: number;
  bytes: number;
  queued: number;
}

/** The right of one call to be in the daemon. Released exactly once, however the call ends. */
export interface Ticket {
  readonly requestsLeft: number;
  readonly bytesLeft: number;
  /** Throws QUEUE_FULL when too many jobs wait already. */
  enterQueue(): void;
  leaveQueue(): void;
  release(): void;
}

const idle = (): Usage => ({ requests: 0, bytes: 0, queued: 0 });

export class Admission {
  /** New ones hold for the calls that come after. */
  settings: AdmissionSettings;
  readonly #total: Usage = idle();
  readonly #callers = new Map<string, Usage>();

  constructor(settings: AdmissionSettings) {
    this.settings = settings;
  }

  usage(caller: Caller): Usage {
    return { ...(this.#callers.get(caller.name) ?? idle()) };
  }

  get callers(): ReadonlyMap<string, Readonly<Usage>> {
    return this.#callers;
  }

  get total(): Usage {
    return { ...this.#total };
  }

  admit(caller: Caller, bytes: number): Ticket {
    const mine = this.#callers.get(caller.name) ?? idle();
    const { perCaller, daemon } = this.settings;
    refuseAbove('REQUESTS_EXCEEDED', 'requests in flight', [
      [`caller:${caller.name}`, mine.requests + 1, perCaller.requestsInFlightMax],
      ['daemon', this.#total.requests + 1, daemon.requestsInFlightMax],
    ]);
    refuseAbove('BYTES_EXCEEDED', 'bytes in flight', [
      [`caller:${caller.name}`, mine.bytes + bytes, perCaller.bytesInFlightMax],
      ['daemon', this.#total.bytes + bytes, daemon.bytesInFlightMax],
    ]);
    this.#keep(caller.name, mine);
    for (const usage of [mine, this.#total]) {
      usage.requests += 1;
      usage.bytes += bytes;
    }
    return this.#ticket(caller, mine, bytes);
  }

  #ticket(caller: Caller, mine: Usage, bytes: number): Ticket {
    const { perCaller, daemon } = this.settings;
    let released = false;
    return {
      requestsLeft: Math.min(
        perCaller.requestsInFlightMax - mine.requests,
        daemon.requestsInFlightMax - this.#total.requests,
      ),
      bytesLeft: Math.min(perCaller.bytesInFlightMax - mine.bytes, daemon.bytesInFlightMax - this.#total.bytes),
      enterQueue: () => {
        refuseAbove('QUEUE_FULL', 'jobs queued', [
          [`caller:${caller.name}`, mine.queued + 1, perCaller.queuedMax],
          ['daemon', this.#total.queued + 1, daemon.queuedMax],
        ]);
        mine.queued += 1;
        this.#total.queued += 1;
      },
      leaveQueue: () => {
        mine.queued -= 1;
        this.#total.queued -= 1;
      },
      release: () => {
        if (released) return;
        released = true;
        for (const usage of [mine, this.#total]) {
          usage.requests -= 1;
          usage.bytes -= bytes;
        }
      },
    };
  }

  /** Forgets idle callers before the table outgrows its limit, so that a stream of new uids cannot fill the memory. */
  #keep(name: string, usage: Usage): void {
    if (this.#callers.has(name)) return;
    if (this.#callers.size >= callerStatesMax) {
      for (const [other, { requests }] of this.#callers) if (requests === 0) this.#callers.delete(other);
    }
    this.#callers.set(name, usage);
  }
}

type Claim = readonly [subject: string, use: number, limit: number];

function refuseAbove(code: FaultCode, what: string, claims: readonly Claim[]): void {
  if (claims.every(([, use, limit]) => use <= limit)) return;
  const quota = claims
    .filter(([, use, limit]) => use > limit)
    .map(([subject, use, limit]) => ({ subject, description: `${what}: ${use} would exceed ${limit}` }));
  const sentence = quota.map(({ subject, description }) => `${subject}: ${description}`).join('; ');
  throw new Fault(code, sentence, { quota, retryAfterMs });
}
