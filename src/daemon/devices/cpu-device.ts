// The CPU: acceld's own kernels, on the calling thread for small tasks, else on one of two pools.
import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { systemClock } from '../base/clock.js';
import type { Plan, Rows } from '../base/plan.js';
import { chunkNs, inlineNs } from '../base/limits.js';
import type { Device, DeviceInfo, Load, Outcome, Task } from './device.js';
import {
  flagNotFinite,
  flagOutOfDomain,
  guardBlockRows,
  guardBlockShift,
  type HostAddon,
  type HostPool,
  type TaskDone,
} from './host-addon.js';
import { allocateOutputs } from './result-memory.js';
import { UnitCosts } from './unit-costs.js';

/** Below every other thread of the machine, and not frozen by them: see docs/ARCHITECTURE.md, "Two pools". */
const bulkNiceness = 19;

/** Tokens of the pools are 32-bit. */
const tokensMax = 2 ** 32;

interface Running {
  readonly job: Job;
  readonly task: Task;
  readonly done: (outcome: Outcome) => void;
}

interface Job {
  /** Id in the addon. */
  readonly kernel: number;
  readonly plan: Plan;
  readonly outputs: readonly (Uint8Array | null)[];
  /** The first rows that were found outside the guard's domain. */
  outOfDomain: Rows | undefined;
}

export class CpuDevice implements Device {
  readonly info: DeviceInfo;
  readonly state = { up: true, reason: '' };
  readonly parallel: number;
  readonly tasksMax: number;
  readonly chunkNs = chunkNs;
  readonly inlineNs = inlineNs;
  readonly overheadNs = 0;
  readonly guards = true;
  readonly #addon: HostAddon;
  readonly #kernelIds: ReadonlyMap<string, number>;
  readonly #urgent: HostPool;
  readonly #bulk: HostPool;
  readonly #costs = new UnitCosts();
  readonly #running = new Map<number, Running>();
  #nextToken = 0;

  constructor(addon: HostAddon, { threads }: { threads: number }) {
    this.#addon = addon;
    this.#kernelIds = new Map(addon.kernels.map(({ name }, id) => [name, id]));
    const done: TaskDone = (token, flags, computeNs) => this.#finish(token, flags, computeNs);
    this.#urgent = addon.openPool({ name: 'acceld-urgent', threads, niceness: 0 }, done);
    this.#bulk = addon.openPool({ name: 'acceld-bulk', threads, niceness: bulkNiceness }, done);
    this.parallel = threads;
    // One more than the threads: the next chunk is there when a thread ends one, and urgent work waits for one at most.
    this.tasksMax = threads + 1;
    this.info = {
      kind: DeviceKind.DEVICE_CPU,
      engine: 'own',
      name: addon.cpuName,
      variant: addon.instructionSet,
      threads: 2 * threads,
      kernels: addon.kernels.map(({ name, digest }) => ({ name, digest })),
    };
  }

  /** Bulk threads that run at normal priority because the system refused to lower it. */
  get threadsNotLowered(): number {
    return this.#bulk.threadsNotLowered;
  }

  unitNs(kernel: string): number {
    return this.#costs.unitNs(kernel);
  }

  load(plan: Plan): Load {
    const kernel = this.#kernelIds.get(plan.kernel);
    if (kernel === undefined) throw new Error(`the CPU has no kernel ${plan.kernel}`);
    const result = allocateOutputs(plan);
    const job: Job = { kernel, plan, outputs: result.outputs, outOfDomain: undefined };
    return {
      run: (task, done) => this.#run(job, task, done),
      result: () => (job.outOfDomain ? { ...result, outOfDomain: job.outOfDomain } : result),
      // The result is the reply's from now on, and its views keep it alive.
      release: () => undefined,
    };
  }

  #run(job: Job, task: Task, done: (outcome: Outcome) => void): void {
    const { kernel, plan, outputs } = job;
    const { params, inputs, guard } = plan;
    const { begin, end } = task;
    if (task.inline) {
      const beginNs = systemClock.nowNs();
      const flags = this.#addon.run(kernel, params, inputs, outputs, begin, end, guard);
      const computeNs = systemClock.nowNs() - beginNs;
      done(this.#outcome(job, task, { flags, computeNs }));
      return;
    }
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % tokensMax;
    (task.bulk ? this.#bulk : this.#urgent).submit(token, kernel, params, inputs, outputs, begin, end, guard);
    this.#running.set(token, { job, task, done });
  }

  close(): Promise<void> {
    this.#urgent.close();
    this.#bulk.close();
    return Promise.resolve();
  }

  #finish(token: number, flags: number, computeNs: number): void {
    const running = this.#running.get(token);
    if (running === undefined) throw new Error(`a pool ended task ${token}, which was not running`);
    this.#running.delete(token);
    running.done(this.#outcome(running.job, running.task, { flags, computeNs }));
  }

  #outcome(job: Job, task: Task, { flags, computeNs }: { flags: number; computeNs: number }): Outcome {
    // A task that a value ended early says nothing about the cost of its rows.
    if (flags & flagOutOfDomain) job.outOfDomain ??= rowsOf(task, flags);
    else this.#costs.learn(job.plan.kernel, task.units, computeNs);
    return { computeNs, notFinite: (flags & flagNotFinite) !== 0, failure: undefined };
  }
}

/** The block of rows that the flags name. */
function rowsOf(task: Task, flags: number): Rows {
  const begin = task.begin + (flags >>> guardBlockShift) * guardBlockRows;
  return { begin, end: Math.min(begin + guardBlockRows, task.end) };
}
