// Decides when and where jobs run, and cuts them into chunks. Knows no kernel and no caller.
// One loop: every arrival, completion, cancellation and deadline leads to step().
import { Priority } from '../../gen/acceld/v1/execution.js';
import { unlimited, type Allowance } from '../base/allowance.js';
import type { Clock } from '../base/clock.js';
import { Fault } from '../base/fault.js';
import { closedRetryAfterMs } from '../base/limits.js';
import type { Plan } from '../base/plan.js';
import { DeviceFailure, type Device, type Outcome } from '../devices/device.js';
import { chunkEnd } from './chunk.js';
import { Lane } from './lane.js';
import { place, placeAgain } from './placement.js';
import type { Finished, Order, Placement, Work } from './work.js';

/** Of urgent and of bulk work, which do not wait for one another. */
interface Kinds {
  urgent: number;
  bulk: number;
}

/** Client and transport end a call at its deadline by cancelling it; their timers of whole milliseconds may be early. */
const cancelEarlyNs = 2_000_000;

const nameOf = ({ priority }: Lane): string => Priority[priority].replace('PRIORITY_', '');
const whyOf = ({ reasons }: Allowance): string => reasons.map(({ text }) => text).join('; ');

function notLetIn(lane: Lane, allowance: Allowance): Fault {
  const message = `no ${nameOf(lane)} work is let in now: ${whyOf(allowance)}`;
  return new Fault('ALLOWANCE_CLOSED', message, { retryAfterMs: closedRetryAfterMs });
}

export class Scheduler {
  readonly #clock: Clock;
  readonly lanes: readonly Lane[] = [
    new Lane(Priority.PRIORITY_ORDER, false),
    new Lane(Priority.PRIORITY_INTERACTIVE, false),
    new Lane(Priority.PRIORITY_BATCH, true),
    new Lane(Priority.PRIORITY_BACKGROUND, true),
  ];
  /** The first is the floor: always up, and able to run everything. */
  readonly devices: readonly [Device, ...Device[]];
  /** Chunks on each device. */
  readonly #slots = new Map<Device, Kinds>();
  /** Predicted nanoseconds of the jobs placed on each device that are not over. */
  readonly #backlog = new Map<Device, Kinds>();
  /** Device time of the chunks that ran on each device. */
  readonly #busyNs = new Map<Device, number>();
  #stepping = false;
  #allowance = unlimited;

  constructor(clock: Clock, devices: readonly [Device, ...Device[]]) {
    this.#clock = clock;
    this.devices = devices;
  }

  /** Device time that whatever ran on it took since the beginning, summed over threads. */
  busyNs(device: Device): number {
    return this.#busyNs.get(device) ?? 0;
  }

  /** What policy lets run now. */
  get allowance(): Allowance {
    return this.#allowance;
  }

  /** Why work of this priority waits, whatever is free; undefined: it does not. */
  whyHeld(plan: Plan): string | undefined {
    const lane = this.#laneOf(plan);
    return lane.state === 'held' ? `${nameOf(lane)} work is held: ${whyOf(this.#allowance)}` : undefined;
  }

  /** From the next chunk on. Chunks on a device end. */
  obey(allowance: Allowance): void {
    this.#allowance = allowance;
    for (const lane of this.lanes) {
      lane.state = allowance.lanes.get(lane.priority) ?? 'open';
      for (const work of lane.unwanted()) this.#refuse(work, lane);
    }
    this.#step();
  }

  /** The device for a job: the one asked for, or the one predicted to finish first with what waits for it. */
  place(plan: Plan): Placement {
    const kind = this.#laneOf(plan).bulk ? 'bulk' : 'urgent';
    return place(plan, this.devices, (device) => {
      const waiting = this.#backlog.get(device)?.[kind] ?? 0;
      return (waiting + plan.rows * rowNs(plan, device)) / device.parallel + device.overheadNs;
    });
  }

  /** Runs a job where it was placed. Rejects with a Fault when its deadline, its client or a full queue ends it. */
  submit(order: Order, placement: Placement): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(order.plan);
      if (lane.state === 'closed') throw notLetIn(lane, this.#allowance);
      const work: Work = {
        plan: order.plan,
        deadlineNs: order.deadlineNs,
        cancellation: order.cancellation,
        gate: order.gate,
        placement,
        arrivedNs: this.#clock.nowNs(),
        estimateNs: order.plan.rows * rowNs(order.plan, placement.device),
        load: undefined,
        queued: false,
        counted: false,
        dispatched: 0,
        chunks: 0,
        queueNs: 0,
        computeNs: 0,
        notFinite: false,
        mishap: undefined,
        deaths: 0,
        losses: 0,
        failure: undefined,
        signal: undefined,
        onAbort: () => this.#cancel(work, lane),
        finish: resolve,
        fail: reject,
      };
      const isSmall = work.estimateNs < placement.device.inlineNs && lane.state !== 'held';
      if (isSmall && this.#nothingWaitsBefore(lane)) this.#dispatch(work, lane, { inline: true });
      else this.#enqueue(work, lane);
    });
  }

  #enqueue(work: Work, lane: Lane): void {
    work.gate.enterQueue();
    work.counted = true;
    this.#count(this.#backlog, work.placement.device, lane, work.estimateNs);
    this.#wait(work, lane);
    if (lane.state === 'shed' && work.queued && work.dispatched === 0) this.#refuse(work, lane);
  }

  #wait(work: Work, lane: Lane): void {
    work.queued = true;
    lane.push(work);
    if (!work.signal) {
      work.signal = work.cancellation();
      work.signal.addEventListener('abort', work.onAbort, { once: true });
      if (work.signal.aborted) work.onAbort();
    }
    // A job that comes back from a device that failed.
    if (lane.state === 'closed' && work.queued) this.#refuse(work, lane);
    this.#step();
  }

  /** Gives chunks to devices, the most urgent lane and the earliest deadline first, until no slot or no job is left. */
  #step(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    for (const lane of this.lanes) {
      if (lane.state === 'held') continue;
      const fits = (work: Work): boolean => this.#hasSlot(work.placement.device, lane);
      for (let work = lane.first(fits); work !== undefined; work = lane.first(fits)) {
        if (this.#isOver(work)) this.#dequeue(work, lane);
        else this.#dispatch(work, lane, { inline: false });
      }
    }
    this.#stepping = false;
  }

  #dispatch(work: Work, lane: Lane, { inline }: { inline: boolean }): void {
    const { plan, placement, dispatched: begin } = work;
    const { device } = placement;
    const end = inline ? plan.rows : chunkEnd(begin, { rows: plan.rows, rowNs: rowNs(plan, device) }, device);
    if (begin === 0) {
      lane.running += 1;
      work.queueNs = this.#clock.nowNs() - work.arrivedNs;
    }
    work.dispatched = end;
    work.chunks += 1;
    this.#count(this.#slots, device, lane, 1);
    if (work.queued && end === plan.rows) this.#dequeue(work, lane);
    const task = {
      begin,
      end,
      units: (end - begin) * plan.rowUnits,
      bulk: lane.bulk,
      background: lane.background,
      inline,
    };
    try {
      work.load ??= device.load(plan);
      work.load.run(task, (outcome) => this.#done(work, lane, outcome));
    } catch (error) {
      // A device refuses a malformed task with anything else: our bug, and the job's alone.
      if (!(error instanceof DeviceFailure)) work.failure = error as Error;
      const failure = error instanceof DeviceFailure ? error : undefined;
      this.#done(work, lane, { computeNs: 0, notFinite: false, failure });
    }
  }

  #done(work: Work, lane: Lane, { computeNs, notFinite, failure }: Outcome): void {
    work.chunks -= 1;
    work.computeNs += computeNs;
    this.#busyNs.set(work.placement.device, this.busyNs(work.placement.device) + computeNs);
    work.notFinite ||= notFinite;
    if (failure && work.mishap?.kind !== 'died') work.mishap = failure;
    this.#count(this.#slots, work.placement.device, lane, -1);
    if (work.queued && this.#isOver(work)) this.#dequeue(work, lane);
    else this.#settle(work, lane);
    this.#step();
  }

  #cancel(work: Work, lane: Lane): void {
    const isDeadline = this.#clock.nowNs() > work.deadlineNs - cancelEarlyNs;
    work.failure ??= isDeadline ? this.#tooLate(work) : new Fault('CANCELLED', 'cancelled by the client');
    if (work.queued) this.#dequeue(work, lane);
  }

  #refuse(work: Work, lane: Lane): void {
    work.failure ??= notLetIn(lane, this.#allowance);
    this.#dequeue(work, lane);
  }

  /** True: no further chunk may start. */
  #isOver(work: Work): boolean {
    if (this.#clock.nowNs() > work.deadlineNs) work.failure ??= this.#tooLate(work);
    return work.failure !== undefined || work.mishap !== undefined;
  }

  #tooLate({ plan }: Work): Fault {
    const held = this.whyHeld(plan);
    const message = 'the deadline passed before the work was done';
    return new Fault('DEADLINE_EXCEEDED', held ? `${message}: ${held}` : message);
  }

  #dequeue(work: Work, lane: Lane): void {
    lane.remove(work);
    work.queued = false;
    if (work.counted) work.gate.leaveQueue();
    work.counted = false;
    this.#settle(work, lane);
  }

  /** Answers a job that is over, or finds another place for it. */
  #settle(work: Work, lane: Lane): void {
    if (work.queued || work.chunks > 0) return;
    if (work.dispatched > 0) lane.running -= 1;
    if (work.signal) this.#count(this.#backlog, work.placement.device, lane, -work.estimateNs);
    if (work.mishap && !work.failure) this.#moveOn(work, lane, work.mishap);
    else this.#end(work);
  }

  #end(work: Work): void {
    work.signal?.removeEventListener('abort', work.onAbort);
    const { load, failure, placement, queueNs, computeNs, notFinite } = work;
    if (failure) {
      work.fail(failure);
    } else {
      const { outputs, memory, copiedBytes, outOfDomain, sample } = load!.result();
      work.finish({ outputs, memory, copiedBytes, outOfDomain, sample, placement, queueNs, computeNs, notFinite });
    }
    load?.release();
  }

  /** The job begins anew elsewhere, with every row: its bits do not depend on the device. */
  #moveOn(work: Work, lane: Lane, mishap: DeviceFailure): void {
    if (mishap.kind === 'died') work.deaths += 1;
    if (mishap.kind === 'lost') work.losses += 1;
    const { plan, placement, deaths, losses } = work;
    try {
      work.placement = placeAgain(plan, { device: placement.device, failure: mishap, deaths, losses }, this.devices[0]);
    } catch (error) {
      work.failure = error as Error;
      this.#end(work);
      return;
    }
    work.load?.release();
    Object.assign(work, { load: undefined, dispatched: 0, computeNs: 0, notFinite: false, mishap: undefined });
    this.#count(this.#backlog, work.placement.device, lane, work.estimateNs);
    this.#wait(work, lane);
  }

  #nothingWaitsBefore(lane: Lane): boolean {
    return this.lanes.every((other) => other.queued === 0 || other.priority > lane.priority);
  }

  #laneOf(plan: Plan): Lane {
    const lane = this.lanes.find(({ priority }) => priority === plan.execution.priority);
    if (!lane) throw new Error(`no lane for priority ${plan.execution.priority}`);
    return lane;
  }

  #hasSlot(device: Device, lane: Lane): boolean {
    const used = this.#slots.get(device);
    if (used === undefined) return true;
    if (!lane.bulk) return used.urgent < device.tasksMax;
    const slots = device.bulkTasksMax ?? device.tasksMax;
    return used.bulk < Math.max(1, Math.floor(slots * this.#allowance.bulkShare));
  }

  #count(counts: Map<Device, Kinds>, device: Device, lane: Lane, amount: number): void {
    const used = counts.get(device) ?? { urgent: 0, bulk: 0 };
    used[lane.bulk ? 'bulk' : 'urgent'] += amount;
    counts.set(device, used);
  }
}

/** Predicted time of one row on a device in nanoseconds. */
export const rowNs = ({ kernel, rowUnits, guard }: Plan, device: Device): number =>
  rowUnits * device.unitNs(kernel) + (guard ? device.moveRowNs : 0);
