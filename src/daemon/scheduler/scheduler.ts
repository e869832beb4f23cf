// Decides when and where jobs run, and cuts them into chunks. Knows no kernel and no caller.
// One loop: every arrival, completion, cancellation and deadline leads to step().
import { Priority } from '../../gen/acceld/v1/execution.js';
import type { Clock } from '../base/clock.js';
import { Fault } from '../base/fault.js';
import { inlineNs } from '../base/limits.js';
import type { Device, Outcome } from '../devices/device.js';
import type { Plan } from '../base/plan.js';
import { chunkEnd } from './chunk.js';
import { Lane } from './lane.js';
import { allocateOutputs, type Finished, type Order, type Placement, type Work } from './work.js';

interface Slots {
  urgent: number;
  bulk: number;
}

/** Client and transport end a call at its deadline by cancelling it; their timers of whole milliseconds may be early. */
const cancelEarlyNs = 2_000_000;

const deadlineExceeded = (): Fault => new Fault('DEADLINE_EXCEEDED', 'the deadline passed before the work was done');

export class Scheduler {
  readonly #clock: Clock;
  readonly lanes: readonly Lane[] = [
    new Lane(Priority.PRIORITY_ORDER, false),
    new Lane(Priority.PRIORITY_INTERACTIVE, false),
    new Lane(Priority.PRIORITY_BATCH, true),
    new Lane(Priority.PRIORITY_BACKGROUND, true),
  ];
  readonly #slots = new Map<Device, Slots>();
  #stepping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a job where it was placed. Rejects with a Fault when its deadline, its client or a full queue ends it. */
  submit(order: Order, placement: Placement): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(order);
      const work: Work = {
        plan: order.plan,
        deadlineNs: order.deadlineNs,
        cancellation: order.cancellation,
        gate: order.gate,
        placement,
        arrivedNs: this.#clock.nowNs(),
        ...allocateOutputs(order.plan),
        queued: false,
        dispatched: 0,
        chunks: 0,
        queueNs: 0,
        computeNs: 0,
        notFinite: false,
        failure: undefined,
        signal: undefined,
        onAbort: () => this.#cancel(work, lane),
        finish: resolve,
        fail: reject,
      };
      const estimateNs = order.plan.rows * rowNs(order.plan, placement.device);
      if (estimateNs < inlineNs && this.#nothingWaitsBefore(lane)) this.#dispatch(work, lane, { inline: true });
      else this.#enqueue(work, lane);
    });
  }

  #enqueue(work: Work, lane: Lane): void {
    work.gate.enterQueue();
    work.queued = true;
    lane.push(work);
    work.signal = work.cancellation();
    work.signal.addEventListener('abort', work.onAbort, { once: true });
    if (work.signal.aborted) work.onAbort();
    this.#step();
  }

  /** Gives chunks to devices, the most urgent lane and the earliest deadline first, until no slot or no job is left. */
  #step(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    for (const lane of this.lanes) {
      for (let work = lane.head; work !== undefined; work = lane.head) {
        if (this.#isOver(work)) this.#dequeue(work, lane);
        else if (this.#hasSlot(work.placement.device, lane)) this.#dispatch(work, lane, { inline: false });
        else break;
      }
    }
    this.#stepping = false;
  }

  #dispatch(work: Work, lane: Lane, { inline }: { inline: boolean }): void {
    const { plan, placement, dispatched: begin } = work;
    const { device } = placement;
    const end = inline ? plan.rows : chunkEnd(begin, plan.rows, rowNs(plan, device));
    if (begin === 0) {
      lane.running += 1;
      work.queueNs = this.#clock.nowNs() - work.arrivedNs;
    }
    work.dispatched = end;
    work.chunks += 1;
    this.#use(device, lane, 1);
    if (work.queued && end === plan.rows) this.#dequeue(work, lane);
    const { kernel, params, inputs } = plan;
    const units = (end - begin) * plan.rowUnits;
    const task = { kernel, params, inputs, outputs: work.outputs, begin, end, units, bulk: lane.bulk, inline };
    try {
      device.run(task, (outcome) => this.#done(work, lane, outcome));
    } catch (error) {
      // A device refuses only a malformed task: our bug, and the job's alone.
      work.failure = error as Error;
      if (work.queued) this.#dequeue(work, lane);
      this.#done(work, lane, { computeNs: 0, notFinite: false });
    }
  }

  #done(work: Work, lane: Lane, outcome: Outcome): void {
    work.chunks -= 1;
    work.computeNs += outcome.computeNs;
    work.notFinite ||= outcome.notFinite;
    this.#use(work.placement.device, lane, -1);
    this.#settle(work, lane);
    this.#step();
  }

  #cancel(work: Work, lane: Lane): void {
    const isDeadline = this.#clock.nowNs() > work.deadlineNs - cancelEarlyNs;
    work.failure ??= isDeadline ? deadlineExceeded() : new Fault('CANCELLED', 'cancelled by the client');
    if (work.queued) this.#dequeue(work, lane);
  }

  /** True: no further chunk may start. */
  #isOver(work: Work): boolean {
    if (this.#clock.nowNs() > work.deadlineNs) {
      work.failure ??= deadlineExceeded();
    }
    return work.failure !== undefined;
  }

  #dequeue(work: Work, lane: Lane): void {
    lane.remove(work);
    work.queued = false;
    work.gate.leaveQueue();
    this.#settle(work, lane);
  }

  /** Answers a job that is over. */
  #settle(work: Work, lane: Lane): void {
    if (work.queued || work.chunks > 0) return;
    if (work.dispatched > 0) lane.running -= 1;
    work.signal?.removeEventListener('abort', work.onAbort);
    if (work.failure) work.fail(work.failure);
    else work.finish(work);
  }

  #nothingWaitsBefore(lane: Lane): boolean {
    return this.lanes.every((other) => other.queued === 0 || other.priority > lane.priority);
  }

  #laneOf({ plan }: Order): Lane {
    const lane = this.lanes.find(({ priority }) => priority === plan.execution.priority);
    if (!lane) throw new Error(`no lane for priority ${plan.execution.priority}`);
    return lane;
  }

  #hasSlot(device: Device, lane: Lane): boolean {
    const used = this.#slots.get(device);
    return used === undefined || used[lane.bulk ? 'bulk' : 'urgent'] < device.tasksMax;
  }

  #use(device: Device, lane: Lane, count: number): void {
    const used = this.#slots.get(device) ?? { urgent: 0, bulk: 0 };
    used[lane.bulk ? 'bulk' : 'urgent'] += count;
    this.#slots.set(device, used);
  }
}

/** Predicted device time of one row in nanoseconds. */
export const rowNs = ({ kernel, rowUnits }: Plan, device: Device): number => rowUnits * device.unitNs(kernel);
