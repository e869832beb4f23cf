import type { Plan } from '../base/plan.js';
import { DeviceFailure, type Load, type Outcome, type Task } from '../devices/device.js';
import { flagNotFinite, type Element, type HostKernel } from '../devices/host-addon.js';
import { allocateOutputs } from '../devices/result-memory.js';
import type { Slice } from './arena.js';
import type { SharedArena } from './shared-arena.js';
import type { Answer, WorkerProcess } from './worker-process.js';

/** Devices take columns where they lie from addresses that this divides; the largest that OpenCL and Metal ask for. */
const columnAlignment = 512;

const elementBytes: Readonly<Record<Element, number>> = { f64: 8, f32: 4, u32: 4, u8: 1 };

const aligned = (bytes: number): number => Math.ceil(bytes / columnAlignment) * columnAlignment;

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

/** A job's columns in the memory of one worker process: the parameters, the inputs, the outputs, one after the other. */
export class WorkerLoad implements Load {
  readonly #settings: LoadSettings;
  readonly #plan: Plan;
  readonly #kernel: number;
  readonly #slice: Slice;
  readonly #params: { memory: number; offset: number; bytes: number };
  readonly #inputs: { memory: number; offset: number; stride: number }[];
  readonly #outputs: ({ memory: number; offset: number } | null)[];

  constructor(plan: Plan, settings: LoadSettings) {
    const { arena, process, shape } = settings;
    this.#settings = settings;
    this.#plan = plan;
    // Values are checked and masked by the CPU's own tasks alone.
    if (plan.guard) throw new DeviceFailure('refused', 'jobs on columns in regions run on the CPU');
    this.#kernel = process.kernelIndex(plan.kernel);
    if (this.#kernel < 0) throw new DeviceFailure('refused', `it has no kernel ${plan.kernel}`);
    const bytes = [plan.params, ...plan.inputs].reduce((sum, { byteLength }) => sum + aligned(byteLength), 0);
    const columns = plan.outputs.map((isWanted, index) =>
      isWanted ? aligned(plan.rows * elementBytes[shape.outputs[index]!]) : 0,
    );
    const slice = arena.allocate(columns.reduce((sum, column) => sum + column, bytes));
    if (slice === undefined) throw new DeviceFailure('refused', 'its memory is in use');
    this.#slice = slice;
    const { memory } = arena;
    let offset = slice.offset;
    const place = (size: number): number => {
      offset += aligned(size);
      return offset - aligned(size);
    };
    this.#params = { memory, bytes: plan.params.length, offset: place(plan.params.length) };
    this.#inputs = plan.inputs.map(({ byteLength }, index) => {
      const size = elementBytes[shape.inputs[index]!];
      return { memory, stride: byteLength === size ? 0 : size, offset: place(byteLength) };
    });
    this.#outputs = columns.map((size) => (size > 0 ? { memory, offset: place(size) } : null));
    this.#fill(offset - columns.reduce((sum, column) => sum + column, 0));
  }

  run(task: Task, done: (outcome: Outcome) => void): void {
    const { begin, end } = task;
    const frame = {
      kernel: this.#kernel,
      params: this.#params,
      rows: this.#plan.rows,
      begin,
      end,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
    this.#settings.process.submit(frame, this.#settings.limitNs(task), (answer) => done(this.#outcome(task, answer)));
  }

  result(): ReturnType<typeof allocateOutputs> {
    const result = allocateOutputs(this.#plan);
    result.outputs.forEach((column, index) => {
      const from = this.#outputs[index]?.offset;
      if (column && from !== undefined) column.set(this.#settings.arena.bytes.subarray(from, from + column.length));
    });
    return result;
  }

  /** A worker that hangs or dies may write until it is gone. */
  release(): void {
    const { arena, process } = this.#settings;
    if (process.state === 'ready') arena.free(this.#slice);
    else process.whenEnded(() => arena.free(this.#slice));
  }

  /** Every byte of the slice is written: nothing of the job before is left, for the kernel or for whoever gets the result. */
  #fill(outputsBegin: number): void {
    const { bytes } = this.#settings.arena;
    const put = (offset: number, view: ArrayBufferView): void => {
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
      bytes.fill(0, offset + view.byteLength, offset + aligned(view.byteLength));
    };
    put(this.#params.offset, this.#plan.params);
    this.#plan.inputs.forEach((view, index) => put(this.#inputs[index]!.offset, view));
    bytes.fill(0, outputsBegin, this.#slice.offset + this.#slice.bytes);
  }

  #outcome(task: Task, answer: Answer): Outcome {
    if ('failure' in answer) return { computeNs: 0, notFinite: false, failure: answer.failure };
    const { done, wallNs } = answer;
    // The worker's word only lowers what was measured here.
    const computeNs = Math.min(done.computeNs, wallNs);
    if (done.fault !== 'none') {
      const failure = new DeviceFailure('refused', `the device failed: ${done.reason}`);
      return { computeNs, notFinite: false, failure };
    }
    this.#settings.measured(task, computeNs, wallNs);
    return { computeNs, notFinite: (done.flags & flagNotFinite) !== 0, failure: undefined };
  }
}
