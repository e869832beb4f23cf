import type { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import type { Plan, Result } from '../base/plan.js';
import type { Device, DeviceFailure, Load, Sample } from '../devices/device.js';

/** What the scheduler is asked to run. */
export interface Order {
  readonly plan: Plan;
  /** Monotonic nanoseconds; Infinity: none. */
  readonly deadlineNs: number;
  /** Aborted by the client's cancellation. Made only for a job that has to wait. */
  readonly cancellation: () => AbortSignal;
  /** Bounds how many jobs of the caller wait. */
  readonly gate: { enterQueue(): void; leaveQueue(): void };
}

/** A device that was asked for and is not used. */
export interface FallbackTaken {
  readonly from: DeviceKind;
  readonly reason: string;
}

/** Where a job runs. */
export interface Placement {
  readonly device: Device;
  readonly fallback: FallbackTaken | undefined;
}

/** What became of a job. */
export interface Finished extends Result {
  /** Where it ran in the end. */
  readonly placement: Placement;
  readonly queueNs: number;
  readonly computeNs: number;
  /** Of columns, that the device took and gave in copies. */
  readonly copiedBytes: number;
  /** Of a job with a guard that is to be looked at again. */
  readonly sample?: Sample | undefined;
}

/** A job from its arrival to its last chunk. It is over when it is not queued and has no chunk on the device. */
export interface Work extends Order {
  placement: Placement;
  readonly arrivedNs: number;
  /** Predicted device time. */
  readonly estimateNs: number;
  /** Its columns on the device, from the first chunk on. */
  load: Load | undefined;
  /** Some rows wait in a lane. */
  queued: boolean;
  /** It counts against the caller's waiting jobs. One that comes back from a failed device does not: it was let in before. */
  counted: boolean;
  /** Rows [0, dispatched) were given to the device. */
  dispatched: number;
  /** Chunks on the device. */
  chunks: number;
  queueNs: number;
  computeNs: number;
  notFinite: boolean;
  /** What the device did to a chunk: no further chunk starts there. */
  mishap: DeviceFailure | undefined;
  deaths: number;
  losses: number;
  /** Why the job ends early: no further chunk starts. */
  failure: Error | undefined;
  signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  readonly finish: (finished: Finished) => void;
  readonly fail: (failure: Error) => void;
}
