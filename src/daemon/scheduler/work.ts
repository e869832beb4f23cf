import { Precision, type Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import type { Device } from '../devices/device.js';
import type { Plan, Result } from '../base/plan.js';

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
  readonly queueNs: number;
  readonly computeNs: number;
}

/** A job from its arrival to its last chunk. It is over when it is not queued and has no chunk on the device. */
export interface Work extends Order {
  readonly placement: Placement;
  readonly arrivedNs: number;
  readonly outputs: Result['outputs'];
  readonly memory: Uint8Array;
  /** Some rows wait in a lane. */
  queued: boolean;
  /** Rows [0, dispatched) were given to the device. */
  dispatched: number;
  /** Chunks on the device. */
  chunks: number;
  queueNs: number;
  computeNs: number;
  notFinite: boolean;
  /** Why the job ends early: no further chunk starts. */
  failure: Error | undefined;
  signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  readonly finish: (finished: Finished) => void;
  readonly fail: (failure: Error) => void;
}

const columnBytes = ({ execution, rows }: Plan): number =>
  rows * (execution.precision === Precision.PRECISION_F32 ? 4 : 8);

/** Memory of a plan's result. */
export function outputBytes(plan: Plan): number {
  let wanted = 0;
  for (const isWanted of plan.outputs) if (isWanted) wanted += 1;
  return wanted * (plan.room.before + columnBytes(plan)) + plan.room.behind;
}

/**
 * Result columns of a plan: one allocation, a column after the other with the plan's room around them. Node's buffer pool
 * holds small ones, so that a call leaves no memory of its own to the garbage collector. Not cleared: a kernel writes every
 * byte of a column, and the reply every byte of the room, before anything is sent.
 */
export function allocateOutputs(plan: Plan): Pick<Finished, 'memory' | 'outputs'> {
  const memory = Buffer.allocUnsafe(outputBytes(plan));
  const bytes = columnBytes(plan);
  let offset = 0;
  const columns = plan.outputs.map((isWanted) => {
    if (!isWanted) return null;
    offset += plan.room.before + bytes;
    return memory.subarray(offset - bytes, offset);
  });
  return { memory, outputs: columns };
}
