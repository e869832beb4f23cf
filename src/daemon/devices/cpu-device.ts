// The CPU: acceld's own kernels, on the calling thread for small tasks, else on one of two pools.
import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { systemClock } from '../base/clock.js';
import type { Device, DeviceInfo, Outcome, Task } from './device.js';
import { flagNotFinite, type HostAddon, type HostPool, type TaskDone } from './host-addon.js';

/** Before the first measurement: slower than any kernel in use, so that no first job blocks the event loop. */
const firstUnitNs = 100;

/** Weight of a new measurement: a cost that changed is learnt within some ten tasks, one disturbed task moves little. */
const learningRate = 0.2;

/** A smaller task measures the cost of a call, and cold caches, not its work. */
const measurableUnits = 256;

/** Below every other thread of the machine, and not frozen by them: see docs/ARCHITECTURE.md, "Two pools". */
const bulkNiceness = 19;

/** Tokens of the pools are 32-bit. */
const tokensMax = 2 ** 32;

interface Running {
  readonly task: Task;
  readonly done: (outcome: Outcome) => void;
}

export class CpuDevice implements Device {
  readonly info: DeviceInfo;
  readonly tasksMax: number;
  readonly #addon: HostAddon;
  readonly #kernelIds: ReadonlyMap<string, number>;
  readonly #urgent: HostPool;
  readonly #bulk: HostPool;
  readonly #unitNs = new Map<string, number>();
  readonly #running = new Map<number, Running>();
  #nextToken = 0;

  constructor(addon: HostAddon, { threads }: { threads: number }) {
    this.#addon = addon;
    this.#kernelIds = new Map(addon.kernels.map(({ name }, id) => [name, id]));
    const done: TaskDone = (token, flags, computeNs) => this.#finish(token, flags, computeNs);
    this.#urgent = addon.openPool({ name: 'acceld-urgent', threads, niceness: 0 }, done);
    this.#bulk = addon.openPool({ name: 'acceld-bulk', threads, niceness: bulkNiceness }, done);
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
    return this.#unitNs.get(kernel) ?? firstUnitNs;
  }

  run(task: Task, done: (outcome: Outcome) => void): void {
    const kernel = this.#kernelIds.get(task.kernel);
    if (kernel === undefined) throw new Error(`the CPU has no kernel ${task.kernel}`);
    const { params, inputs, outputs, begin, end } = task;
    if (task.inline) {
      const beginNs = systemClock.nowNs();
      const flags = this.#addon.run(kernel, params, inputs, outputs, begin, end);
      done(this.#outcome(task, flags, systemClock.nowNs() - beginNs));
      return;
    }
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % tokensMax;
    (task.bulk ? this.#bulk : this.#urgent).submit(token, kernel, params, inputs, outputs, begin, end);
    this.#running.set(token, { task, done });
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
    running.done(this.#outcome(running.task, flags, computeNs));
  }

  #outcome({ kernel, units }: Task, flags: number, computeNs: number): Outcome {
    if (units >= measurableUnits) {
      const known = this.#unitNs.get(kernel);
      const measured = computeNs / units;
      this.#unitNs.set(kernel, known === undefined ? measured : known + learningRate * (measured - known));
    }
    return { computeNs, notFinite: (flags & flagNotFinite) !== 0 };
  }
}
