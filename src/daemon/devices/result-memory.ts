import { Precision } from '../../gen/acceld/v1/execution.js';
import type { Plan, Result } from '../base/plan.js';

const bytesOfColumn = ({ execution, rows }: Plan): number =>
  rows * (execution.precision === Precision.PRECISION_F32 ? 4 : 8);

/** Memory of a plan's result, beside what goes to memory of the caller's. */
export function outputBytes(plan: Plan): number {
  let wanted = 0;
  if (plan.targets === undefined) for (const isWanted of plan.outputs) if (isWanted) wanted += 1;
  return wanted * (plan.room.before + bytesOfColumn(plan)) + plan.room.behind;
}

/**
 * Result columns of a plan: one allocation, a column after the other with the plan's room around them. Node's buffer pool
 * holds small ones, so that a call leaves no memory of its own to the garbage collector. Not cleared: a kernel writes every
 * byte of a column, and the reply every byte of the room, before anything is sent.
 */
export function allocateOutputs(plan: Plan): Pick<Result, 'memory' | 'outputs'> {
  const memory = Buffer.allocUnsafe(outputBytes(plan));
  if (plan.targets !== undefined) return { memory, outputs: plan.targets };
  const bytes = bytesOfColumn(plan);
  let offset = 0;
  const columns = plan.outputs.map((isWanted) => {
    if (!isWanted) return null;
    offset += plan.room.before + bytes;
    return memory.subarray(offset - bytes, offset);
  });
  return { memory, outputs: columns };
}
