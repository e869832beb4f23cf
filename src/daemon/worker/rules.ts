// What the supervisor decides, as pure functions: how long a task may take, when a worker starts again, and when a device
// is down.

/**
 * A task that takes longer, and longer than 50 times what was predicted, has stopped. A machine under six times its load
 * let a worker wait 100 ms for a processor.
 */
const taskNsMin = 250_000_000;
const taskFactor = 50;

export const taskLimitNs = (predictedNs: number): number => Math.max(taskNsMin, taskFactor * predictedNs);

/** A task of a qualification: the first of its kernel, for which a driver may still do much. */
export const qualificationTaskNs = 30_000_000_000;

/** A start without progress: a driver and its compiler were once read from a cold disk in 28 s. */
export const progressNsMax = 60_000_000_000;

/** A worker that nobody gives work is asked whether it lives so often: one that does not is replaced within a second. */
export const pingEveryNs = 400_000_000;
/** Twice what a task has at least: no job waits, and a machine under load is no reason to start a worker more. */
export const pingNsMax = 500_000_000;

/** Tasks that one worker is sent before it answered any: 64 frames fit into every system's socket buffer. */
export const tasksInFlightMax = 64;

/** How often deadlines are looked at, while there are any. */
export const tickNs = 10_000_000;

/**
 * Time as the supervisor lives it. A pause of the daemon itself counts as two ticks at most: answers that came meanwhile
 * wait unread, and no worker is to blame.
 */
export class LivedTime {
  #livedNs = 0;
  #lastNs: number | undefined;

  /** At every tick, and whenever deadlines begin. Returns the time lived. */
  advance(nowNs: number): number {
    if (this.#lastNs !== undefined) this.#livedNs += Math.min(nowNs - this.#lastNs, 2 * tickNs);
    this.#lastNs = nowNs;
    return this.#livedNs;
  }
}

/** How the starts of a device's workers went. */
export interface Starts {
  /** One after the other that did no work. */
  readonly fruitless: number;
  /** No worker starts before. */
  readonly notBeforeNs: number;
}

export const noStarts: Starts = { fruitless: 0, notBeforeNs: -Infinity };

/** From then on the device is down. */
const fruitlessMax = 5;
const firstDelayNs = 50_000_000;
/** A device that is down is tried again, for ever. */
const downDelayNs = 60_000_000_000;
/** A worker that was ready for so long was no fruitless start, though nobody gave it work. */
export const worthyNs = 60_000_000_000;

export interface WorkerEnd {
  readonly nowNs: number;
  /** It finished a job, or was ready for long. */
  readonly didWork: boolean;
  /** It found no device, or cannot serve it: trying again soon is of no use. */
  readonly isHopeless: boolean;
}

/** After the end of a worker. */
export function afterEnd(starts: Starts, { nowNs, didWork, isHopeless }: WorkerEnd): Starts {
  if (didWork) return { fruitless: 0, notBeforeNs: nowNs };
  const fruitless = isHopeless ? Math.max(fruitlessMax, starts.fruitless + 1) : starts.fruitless + 1;
  const delayNs = fruitless < fruitlessMax ? firstDelayNs * 2 ** (fruitless - 1) : downDelayNs;
  return { fruitless, notBeforeNs: nowNs + delayNs };
}

export const isDown = ({ fruitless }: Starts): boolean => fruitless >= fruitlessMax;

/** How many workers should be there: no standby for one that does not come to serve. */
export const workersWanted = (starts: Starts, { useStandby, isServed }: { useStandby: boolean; isServed: boolean }) =>
  useStandby && (isServed || !isDown(starts)) ? 2 : 1;
