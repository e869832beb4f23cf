import type { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';

/** What a device is, fixed while it is open. */
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
  readonly kernels: readonly { readonly name: string; readonly digest: string }[];
}

/** Rows [begin, end) of one kernel. A device that runs several at once gives no order between them. */
export interface Task {
  readonly kernel: string;
  readonly params: Uint8Array;
  /** An input of one element holds for every row. */
  readonly inputs: readonly ArrayBufferView[];
  /** Whole columns; null: not wanted. */
  readonly outputs: readonly (ArrayBufferView | null)[];
  readonly begin: number;
  readonly end: number;
  /** Work in all rows together, in units of the kernel: what the prediction of its time is learnt from. */
  readonly units: number;
  /** Bulk work runs at lowered operating-system priority. */
  readonly bulk: boolean;
  /** Too small for a hop to another thread: computed within `run`, on the calling thread. Chosen by the scheduler. */
  readonly inline: boolean;
}

export interface Outcome {
  /** Device time in nanoseconds. */
  readonly computeNs: number;
  /** Some output is not finite. */
  readonly notFinite: boolean;
}

/** A hardware that runs kernels. */
export interface Device {
  readonly info: DeviceInfo;
  /** How many tasks of each kind (urgent, bulk) keep it busy; more only wait inside it. */
  readonly tasksMax: number;
  /** Predicted device time of one unit of a kernel's work in nanoseconds, learnt from the tasks that ran. */
  unitNs(kernel: string): number;
  /** Calls `done` exactly once: within `run` for an inline task, on a later turn of the event loop otherwise. */
  run(task: Task, done: (outcome: Outcome) => void): void;
  close(): void | Promise<void>;
}
