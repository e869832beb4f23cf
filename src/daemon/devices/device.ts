import type { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import type { Plan, Result } from '../base/plan.js';

/** What a device is. Of one that is down, as it was when it was last up. */
export interface DeviceInfo {
  readonly kind: DeviceKind;
  /** Software that runs its kernels: "own". */
  readonly engine: string;
  /** The hardware's own name. */
  readonly name: string;
  /** Instruction set or driver in use. */
  readonly variant: string;
  /** Threads that compute, over all pools. */
  readonly threads: number;
  /** Those that may be used. */
  readonly kernels: readonly { readonly name: string; readonly digest: string }[];
}

export interface DeviceState {
  readonly up: boolean;
  /** Why it is not up, in one line. */
  readonly reason: string;
}

/** Rows [begin, end) of a job. A device that runs several at once gives no order between them. */
export interface Task {
  readonly begin: number;
  readonly end: number;
  /** Work in all rows together, in units of the kernel: what the prediction of its time is learnt from. */
  readonly units: number;
  /** Bulk work runs at lowered operating-system priority. */
  readonly bulk: boolean;
  /** Bulk work that runs only where nothing else does. */
  readonly background?: boolean;
  /** Too small for a hop to another thread: computed within `run`. Chosen by the scheduler, below the device's `inlineNs`. */
  readonly inline: boolean;
}

export interface Outcome {
  /** Device time in nanoseconds. */
  readonly computeNs: number;
  /** Some output is not finite. */
  readonly notFinite: boolean;
  /** The rows were not computed. */
  readonly failure: DeviceFailure | undefined;
}

/**
 * What a device did to a task: it died (or hung) while the task was executing on it, which accuses the job; it was lost with
 * the task waiting in it; it refused the task with an error.
 */
export type FailureKind = 'died' | 'lost' | 'refused';

export class DeviceFailure extends Error {
  override readonly name = 'DeviceFailure';
  constructor(
    readonly kind: FailureKind,
    reason: string,
  ) {
    super(reason);
  }
}

/** In memory that nobody else can write, or where the plan's targets are. */
export interface LoadResult extends Pick<Result, 'memory' | 'outputs' | 'outOfDomain'> {
  /** Of columns, there and back: what a device took that cannot use them where they lie. */
  readonly copiedBytes: number;
  readonly sample?: Sample | undefined;
}

/** Some rows of a job as they went to a device and came from it, in memory that no caller can reach: a job of its own. */
export interface Sample extends Pick<Result, 'outputs'> {
  readonly plan: Plan;
}

/** A job's columns on a device. */
export interface Load {
  /** Calls `done` exactly once: within `run` for an inline task, on a later turn of the event loop otherwise. */
  run(task: Task, done: (outcome: Outcome) => void): void;
  /** After the last task. */
  result(): LoadResult;
  /** Gives the device's memory back. Once, after every task was answered. */
  release(): void;
}

/** A hardware that runs kernels. */
export interface Device {
  readonly info: DeviceInfo;
  readonly state: DeviceState;
  /** Tasks of each kind (urgent, bulk) that run at once. */
  readonly parallel: number;
  /** How many tasks of each kind keep it busy; more only wait inside it. */
  readonly tasksMax: number;
  /** The same of bulk work, where it has threads of another number. */
  readonly bulkTasksMax?: number;
  /** Device time that one task should take, in nanoseconds: what urgent work may have to wait for. */
  readonly chunkNs: number;
  /** Predicted time below which a job runs on the event loop. 0: none does. */
  readonly inlineNs: number;
  /** Time that a job costs beside the work in its rows, in nanoseconds. */
  readonly overheadNs: number;
  /** Time that a row's columns take there and back where a plan has a guard, in nanoseconds. */
  readonly moveRowNs: number;
  /** Predicted device time of one unit of a kernel's work in nanoseconds, learnt from the tasks that ran. */
  unitNs(kernel: string): number;
  /** Takes a job's columns in. Throws DeviceFailure where it cannot now. */
  load(plan: Plan): Load;
  close(): void | Promise<void>;
}
