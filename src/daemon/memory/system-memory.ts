// What this machine has, and what a budget is where the settings name none.
import { totalmem } from 'node:os';
import type { BudgetLimits } from './budget.js';

export interface MemorySettings {
  readonly budgetBytes: number | undefined;
  readonly callerBytes: number | undefined;
  readonly reserveBytes: number;
}

/** Of the machine, or of the part of it that a container may use. */
export const machineBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity);

/** A quarter of the machine: engines and models need the rest. One caller may have half of it. */
export function budgetLimits(
  { budgetBytes, callerBytes, reserveBytes }: MemorySettings,
  machine: number,
): BudgetLimits {
  const bytesMax = budgetBytes ?? Math.floor(machine / 4);
  return { bytesMax, ownerBytesMax: Math.min(bytesMax, callerBytes ?? Math.floor(bytesMax / 2)), reserveBytes };
}

/** Undefined on macOS, which counts memory that it would give back at once as used. */
export const availableBytes = (): number | undefined =>
  process.platform === 'linux' ? process.availableMemory() : undefined;
