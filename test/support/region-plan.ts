import { Precision } from '../../src/gen/acceld/v1/execution.js';
import type { Guard, Plan } from '../../src/daemon/base/plan.js';
import { addon, optionPlan } from './worker.js';

/** Every option's code is 1 or 2; rate times years is at most 50; other numbers may be anything. */
const domain = Float64Array.from([1, 2, 0, ...Array.from({ length: 6 }, () => [Number.NaN, 0, 0]).flat(), 3, 6, 50]);

/** The options of optionPlan, with columns and results where a caller could write to them, and a mask for the results. */
export function regionPlan(rows: number, precision = Precision.PRECISION_F64): Plan & { readonly guard: Guard } {
  const isWide = precision === Precision.PRECISION_F64;
  const plan = optionPlan(rows);
  const inputs = plan.inputs.map((column) =>
    column instanceof Float64Array && !isWide ? Float32Array.from(column) : column,
  );
  const size = isWide ? 8 : 4;
  return {
    ...plan,
    execution: { ...plan.execution, precision },
    kernel: isWide ? 'price-options-f64' : 'price-options-f32',
    inputs: inputs.map(({ buffer }) => new Uint8Array(buffer)),
    targets: plan.outputs.map((isWanted) => (isWanted ? new Uint8Array(rows * size).fill(0xee) : null)),
    guard: { domain, mask: new Uint8Array(4 * rows).fill(0xee), codes: plan.outputs.map(() => null) },
  };
}

/** The same plan with results elsewhere, computed by the CPU of this process: the targets one after the other, and the mask. */
export function onCpu(plan: Plan & { readonly guard: Guard }): Buffer {
  const targets = plan.targets!.map((target) => target && new Uint8Array(target.length));
  const guard = { ...plan.guard, mask: plan.guard.mask && new Uint8Array(plan.guard.mask.length) };
  const kernel = addon.kernels.findIndex(({ name }) => name === plan.kernel);
  addon.run(kernel, plan.params, plan.inputs, targets, 0, plan.rows, guard);
  return bytesIn({ ...plan, targets, guard });
}

export const bytesIn = ({ targets, guard }: Plan): Buffer =>
  Buffer.concat([...targets!, guard!.mask].filter((column) => column !== null));
