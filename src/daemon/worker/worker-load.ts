import type { Plan } from '../base/plan.js';
import { DeviceFailure, type Load, type LoadResult, type Outcome, type Task } from '../devices/device.js';
import { flagNotFinite, type HostKernel } from '../devices/host-addon.js';
import { allocateOutputs } from '../devices/result-memory.js';
import { ArenaColumns } from './arena-columns.js';
import type { SharedArena } from './shared-arena.js';
import type { Answer, WorkerProcess } from './worker-process.js';

export interface LoadSettings {
  readonly process: WorkerProcess;
  readonly arena: SharedArena;
  /** The kernel of the CPU of the same name: what its columns are. */
  readonly shape: HostKernel;
  /** How long a task may take. */
  readonly limitNs: (task: Task) => number;
  /** Told of every task that was computed. */
  readonly measured: (task: Task, computeNs: number, wallNs: number) => void;
}

/** The place of a plan's kernel in a worker. Throws DeviceFailure. */
export function kernelIn(process: WorkerProcess, { kernel }: Plan): number {
  const index = process.kernelIndex(kernel);
  if (index < 0) throw new DeviceFailure('refused', `it has no kernel ${kernel}`);
  return index;
}

/** A job's columns in the memory of one worker process. */
export class WorkerLoad implements Load {
  readonly #settings: LoadSettings;
  readonly #plan: Plan;
  readonly #kernel: number;
  readonly #columns: ArenaColumns;
  #copiedBytes = 0;

  constructor(plan: Plan, settings: LoadSettings) {
    this.#settings = settings;
    this.#plan = plan;
    this.#kernel = kernelIn(settings.process, plan);
    this.#columns = new ArenaColumns(plan, { ...settings, rows: plan.rows });
    this.#fill();
  }

  run(task: Task, done: (outcome: Outcome) => void): void {
    const { begin, end } = task;
    const { params, inputs, outputs } = this.#columns;
    const frame = { kernel: this.#kernel, params, rows: this.#plan.rows, begin, end, inputs, outputs };
    this.#settings.process.submit(frame, this.#settings.limitNs(task), (answer) => {
      if ('done' in answer) this.#copiedBytes += answer.done.copiedBytes;
      done(outcomeOf(answer, task, this.#settings));
    });
  }

  result(): LoadResult {
    const result = allocateOutputs(this.#plan);
    result.outputs.forEach((column, index) => {
      const from = this.#columns.outputs[index];
      if (!column || !from) return;
      column.set(this.#columns.view(from));
      this.#copiedBytes += from.bytes;
    });
    return { ...result, copiedBytes: this.#copiedBytes };
  }

  release(): void {
    this.#columns.free(this.#settings.process);
  }

  /** Every byte is written: nothing of the job before is left, for the kernel or for whoever gets the result. */
  #fill(): void {
    const { inputs, outputs } = this.#columns;
    this.#plan.inputs.forEach((view, index) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      this.#columns.view(inputs[index]!).set(bytes);
      this.#copiedBytes += bytes.length;
    });
    for (const output of outputs) if (output) this.#columns.view(output).fill(0);
  }
}

/** What a worker's answer says of a task. */
export function outcomeOf(answer: Answer, task: Task, { measured }: Pick<LoadSettings, 'measured'>): Outcome {
  if ('failure' in answer) return { computeNs: 0, notFinite: false, failure: answer.failure };
  const { done, wallNs } = answer;
  // The worker's word only lowers what was measured here.
  const computeNs = Math.min(done.computeNs, wallNs);
  if (done.fault !== 'none') {
    const failure = new DeviceFailure('refused', `the device failed: ${done.reason}`);
    return { computeNs, notFinite: false, failure };
  }
  measured(task, computeNs, wallNs);
  return { computeNs, notFinite: (done.flags & flagNotFinite) !== 0, failure: undefined };
}
