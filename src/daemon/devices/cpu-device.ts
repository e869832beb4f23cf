// The CPU: acceld's own kernels, on the calling thread for small tasks, else on one of two pools.
import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { systemClock } from '../base/clock.js';
import type { CorePlan } from '../base/cores.js';
import type { Plan, Rows } from '../base/plan.js';
import { chunkNs, inlineNs } from '../base/limits.js';
import type { Device, DeviceInfo, Load, Outcome, Task } from './device.js';
import { flagNotFinite, flagOutOfDomain, type HostAddon } from './host-addon.js';
import { Pools, rowsOutOfDomain } from './pools.js';
import { allocateOutputs } from './result-memory.js';
import { UnitCosts } from './unit-costs.js';

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
  readonly bulkTasksMax: number;
  readonly chunkNs = chunkNs;
  readonly inlineNs = inlineNs;
  readonly overheadNs = 0;
  /** Its columns are used where they lie. */
  readonly moveRowNs = 0;
  readonly pools: Pools;
  readonly #addon: HostAddon;
  readonly #kernelIds: ReadonlyMap<string, number>;
  readonly #costs = new UnitCosts();

  constructor(addon: HostAddon, plan: CorePlan) {
    const { threads, bulkThreads = threads } = plan;
    this.#addon = addon;
    this.#kernelIds = new Map(addon.kernels.map(({ name }, id) => [name, id]));
    this.pools = new Pools(addon, plan);
    this.parallel = threads;
    // One more than the threads: the next chunk is there when a thread ends one, and urgent work waits for one at most.
    this.tasksMax = threads + 1;
    this.bulkTasksMax = bulkThreads + 1;
    this.info = {
      kind: DeviceKind.DEVICE_CPU,
      engine: 'own',
      name: addon.cpuName,
      variant: addon.instructionSet,
      threads: this.pools.threads,
      kernels: addon.kernels.map(({ name, digest }) => ({ name, digest })),
    };
  }

  /** Threads whose priority or place the system refused. */
  get threadsNotLowered(): number {
    return this.pools.threadsNotLowered;
  }

  unitNs(kernel: string): number {
    return this.#costs.unitNs(kernel);
  }

  load(plan: Plan): Load {
    const kernel = this.#kernelIds.get(plan.kernel);
    if (kernel === undefined) throw new Error(`the CPU has no kernel ${plan.kernel}`);
    const { memory, outputs } = allocateOutputs(plan);
    const job: Job = { kernel, plan, outputs, outOfDomain: undefined };
    return {
      run: (task, done) => this.#run(job, task, done),
      result: () => ({ memory, outputs, copiedBytes: 0, outOfDomain: job.outOfDomain }),
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
    const { bulk, background } = task;
    this.pools.run({ kernel, params, inputs, outputs, begin, end, guard, bulk, background }, (flags, computeNs) =>
      done(this.#outcome(job, task, { flags, computeNs })),
    );
  }

  close(): Promise<void> {
    this.pools.close();
    return Promise.resolve();
  }

  #outcome(job: Job, task: Task, { flags, computeNs }: { flags: number; computeNs: number }): Outcome {
    // A task that a value ended early says nothing about the cost of its rows.
    if (flags & flagOutOfDomain) job.outOfDomain ??= rowsOutOfDomain(task, flags);
    else this.#costs.learn(job.plan.kernel, task.units, computeNs);
    return { computeNs, notFinite: (flags & flagNotFinite) !== 0, failure: undefined };
  }
}
