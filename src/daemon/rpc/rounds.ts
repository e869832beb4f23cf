// Runs a job round by round and streams its progress: the loop behind every RoundsOperation.
import type { Plan } from '../base/plan.js';
import type { RoundsOperation, Standing } from '../operations/operation.js';
import { Fault } from '../base/fault.js';
import { closedRetryAfterMs, deadlineShareKept, finishNsMin, roundNs } from '../base/limits.js';
import { rowNs } from '../scheduler/scheduler.js';
import type { Finished, Order } from '../scheduler/work.js';
import { classify, Course, deadlineNsOf, withPriority, within, type Incoming, type Rooms } from './call.js';

/** Sends one message. False: the client does not keep up, and messages but the last may be left out. */
export type Send = (bytes: Uint8Array, last: boolean) => boolean;

/** Rounds on the devices at once: the next one fills the threads that the end of one leaves idle. */
const roundsAtOnce = 2;

/** Time behind the budget in which rounds under way end. */
const graceNs = roundsAtOnce * roundNs;

/** How soon a job whose time is up, and that has no answer yet, looks again whether policy holds it. */
const lookAgainMs = 100;

/** Answers one server-stream call. Rejects with a FailedCall and with nothing else. */
export async function answerInRounds<Request, Job, Progress, Response>(
  operation: RoundsOperation<Request, Job, Progress, Response>,
  incoming: Incoming,
  rooms: Rooms,
  send: Send,
): Promise<void> {
  const respond = (request: Request, course: Course): Promise<number> =>
    new Rounds(operation, operation.parse(request), course, send).run();
  await within(operation.method, new Course(rooms, incoming), respond, (sentBytes) => sentBytes);
}

class Rounds<Request, Job, Progress, Response> {
  readonly #operation: RoundsOperation<Request, Job, Progress, Response>;
  readonly #job: Job;
  readonly #course: Course;
  readonly #send: Send;
  readonly #deadlineNs: number;
  /** Ends the rounds that nobody needs any more. */
  readonly #ending = new AbortController();
  #cancellation: AbortSignal | undefined;
  /** Between the ends of the last two rounds: the machine may be slower than predicted. */
  #roundWallNs = 0;
  #roundEndedNs: number;
  #responseBytes = 0;
  #keepsUp = true;
  /** Of the rounds that came. */
  #rows = 0;
  #isHeld = false;
  /** Ends the wait for a round: with a fault, or with the answer so far. */
  #leave: (fault?: Fault) => void = () => undefined;

  constructor(operation: RoundsOperation<Request, Job, Progress, Response>, job: Job, course: Course, send: Send) {
    this.#operation = operation;
    this.#job = job;
    this.#course = course;
    this.#send = send;
    this.#deadlineNs = deadlineNsOf(course);
    this.#roundEndedNs = course.arrivedNs;
  }

  /** Resolves with the bytes of the messages that were sent. */
  async run(): Promise<number> {
    const { rooms, incoming } = this.#course;
    const operation = this.#operation;
    // How long it runs is found out on its way: its caller's rate alone decides.
    const first = classify(this.#course, operation.round(this.#job, 0, 1), {
      operation: operation.method.name,
      rows: 0,
    });
    this.#course.plan = first;
    this.#course.ticket = rooms.admission.admit(incoming.caller, incoming.bytes.byteLength);
    this.#course.placement = rooms.scheduler.place(first);
    if (first.execution.validateOnly) return this.#finish(operation.begin(this.#job, undefined), this.#standing());
    const callOff = this.#watchTime();
    try {
      return this.#finish(await this.#loop(), this.#standing());
    } finally {
      callOff();
      this.#ending.abort();
    }
  }

  async #loop(): Promise<Progress> {
    const operation = this.#operation;
    const rows = operation.rows(this.#job);
    const preparation = operation.prepare(this.#job);
    const prepared = preparation && (await this.#comeOf(this.#submit(preparation)));
    const running: { plan: Plan; finished: Promise<Finished> }[] = [];
    let progress = operation.begin(this.#job, prepared);
    let dispatched = 0;
    let reportedNs = 0;
    for (;;) {
      while (running.length < roundsAtOnce && dispatched < rows) {
        const plan = this.#nextRound(dispatched, rows);
        const finished = this.#submit(plan);
        // A round that is ended early rejects after the loop has left it behind.
        finished.catch(() => undefined);
        running.push({ plan, finished });
        dispatched += plan.rows;
      }
      const round = running.shift();
      if (round === undefined) return progress;
      const finished = await this.#comeOf(round.finished);
      if (finished === undefined) return progress;
      this.#rows += round.plan.rows;
      this.#course.rooms.look(round.plan, finished);
      this.#noteEnd();
      this.#charge(finished);
      progress = operation.absorb(progress, finished, round.plan.rows);
      const standing = this.#standing();
      if (operation.isDone(this.#job, progress, standing)) return progress;
      if (standing.elapsedNs - reportedNs < operation.reportNs(this.#job)) continue;
      reportedNs = standing.elapsedNs;
      if (this.#keepsUp) this.#deliver(operation.report(this.#job, progress, standing), false);
    }
  }

  /** What a round came to; undefined: nothing in time, and the answer so far is to do. */
  #comeOf(finished: Promise<Finished>): Promise<Finished | undefined> {
    return new Promise((resolve, reject) => {
      this.#leave = (fault) => (fault ? reject(fault) : resolve(undefined));
      finished.then(resolve, (error: Error) => {
        const isRefused = error instanceof Fault && error.code === 'ALLOWANCE_CLOSED';
        if (!isRefused || this.#rows === 0) return reject(error);
        this.#isHeld = true;
        resolve(undefined);
      });
    });
  }

  /** A round that policy holds, or that waits behind others, is waited for until the time is up and no longer. */
  #watchTime(): () => void {
    const { arrivedNs, plan, rooms } = this.#course;
    const { clock, scheduler } = rooms;
    const budgetEndNs = arrivedNs + this.#operation.budgetNs(this.#job) + graceNs;
    const endNs = Math.min(budgetEndNs, this.#lastWordNs);
    if (endNs === Infinity) return () => undefined;
    const look = (): void => {
      const leftNs = endNs - clock.nowNs();
      const held = leftNs > 0 ? undefined : scheduler.whyHeld(plan!);
      if (leftNs <= 0 && (held !== undefined || this.#rows > 0)) return this.#endWaiting(held);
      callOff = clock.later(leftNs > 0 ? leftNs / 1e6 : lookAgainMs, look);
    };
    let callOff = clock.later(Math.max(0, endNs - clock.nowNs()) / 1e6, look);
    return () => callOff();
  }

  #endWaiting(held: string | undefined): void {
    this.#isHeld = held !== undefined;
    if (this.#rows > 0) return this.#leave();
    const message = `the time was up before the first round: ${held}`;
    this.#leave(new Fault('ALLOWANCE_CLOSED', message, { retryAfterMs: closedRetryAfterMs }));
  }

  /** Short enough that the end of the time is not missed by much, long enough to keep every thread busy. */
  #nextRound(first: number, rows: number): Plan {
    const { device } = this.#course.placement!;
    const one = this.#operation.round(this.#job, first, 1);
    const fitting = Math.ceil((roundNs * device.parallel) / rowNs(one, device));
    return this.#operation.round(this.#job, first, Math.min(rows - first, fitting));
  }

  #submit(plan: Plan): Promise<Finished> {
    const { rooms, incoming, ticket, placement } = this.#course;
    const order: Order = {
      plan: withPriority(plan, this.#course.plan!.execution.priority),
      deadlineNs: this.#deadlineNs,
      cancellation: () => {
        this.#cancellation ??= AbortSignal.any([incoming.cancellation(), this.#ending.signal]);
        return this.#cancellation;
      },
      gate: ticket!,
    };
    return rooms.scheduler.submit(order, placement!);
  }

  #noteEnd(): void {
    const nowNs = this.#course.rooms.clock.nowNs();
    this.#roundWallNs = nowNs - this.#roundEndedNs;
    this.#roundEndedNs = nowNs;
  }

  #charge({ queueNs, computeNs, ...result }: Finished): void {
    const before = this.#course.finished;
    // The rounds that follow go where this one ended, and the receipt names it.
    this.#course.placement = result.placement;
    this.#course.finished = {
      ...result,
      queueNs: before?.queueNs ?? queueNs,
      computeNs: (before?.computeNs ?? 0) + computeNs,
      copiedBytes: (before?.copiedBytes ?? 0) + result.copiedBytes,
    };
  }

  #standing(): Standing {
    const nowNs = this.#course.rooms.clock.nowNs();
    // One round later it would be too late.
    const isDeadlineNear = nowNs + this.#roundWallNs >= this.#lastWordNs;
    return { elapsedNs: nowNs - this.#course.arrivedNs, isDeadlineNear, isHeld: this.#isHeld };
  }

  /** When the last message must leave to arrive before the deadline. */
  get #lastWordNs(): number {
    if (this.#deadlineNs === Infinity) return Infinity;
    return this.#deadlineNs - Math.max(finishNsMin, deadlineShareKept * (this.#deadlineNs - this.#course.arrivedNs));
  }

  #finish(progress: Progress, standing: Standing): number {
    this.#deliver(this.#operation.report(this.#job, progress, standing, this.#course.receipt()), true);
    return this.#responseBytes;
  }

  #deliver(response: Response, last: boolean): void {
    const bytes = this.#operation.method.response.encode(response).finish();
    this.#responseBytes += bytes.byteLength;
    this.#keepsUp = this.#send(bytes, last);
  }
}
