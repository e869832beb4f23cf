import { Device, Fallback, Precision, Priority, type ExecutionOptions } from '../../gen/acceld/v1/execution.js';
import { Fault } from '../base/fault.js';
import type { Execution } from '../base/plan.js';
import type { Violations } from '../base/violations.js';

const unset: ExecutionOptions = {
  device: Device.DEVICE_UNSPECIFIED,
  fallback: Fallback.FALLBACK_UNSPECIFIED,
  precision: Precision.PRECISION_UNSPECIFIED,
  priority: Priority.PRIORITY_UNSPECIFIED,
  validateOnly: false,
};

/** Fills in the defaults; an unknown code is a violation and counts as unset from there on. */
export function parseExecution(
  options: ExecutionOptions = unset,
  defaultPrecision: Precision,
  violations: Violations,
): Execution {
  const known = (name: string, table: Readonly<Record<number, string>>, code: number): number => {
    // The codec has its own name, -1, for codes that it does not know.
    if (code !== -1 && table[code] !== undefined) return code;
    violations.reject(`execution.${name}`, `a code of ${enumName(table)}`, code);
    return 0;
  };
  const device = known('device', Device, options.device);
  const fallback = known('fallback', Fallback, options.fallback);
  const precision = known('precision', Precision, options.precision);
  const priority = known('priority', Priority, options.priority);
  return {
    device: device || Device.DEVICE_AUTO,
    fallbackAllowed: fallback !== (Fallback.FALLBACK_FORBID as number),
    precision: precision || defaultPrecision,
    reproducible: options.reproducible ?? true,
    priority: priority || Priority.PRIORITY_INTERACTIVE,
    isPriorityUnset: priority === 0,
    validateOnly: options.validateOnly,
  };
}

/** "DEVICE_UNSPECIFIED" → "Device" */
const enumName = (table: Readonly<Record<number, string>>): string => {
  const word = String(table[0])
    .replace(/_UNSPECIFIED$/, '')
    .toLowerCase();
  return word[0]!.toUpperCase() + word.slice(1);
};

/** For an operation that has one precision: another one is refused, never replaced silently. */
export function requirePrecision({ precision }: Execution, only: Precision): void {
  if (precision === only) return;
  const names = [Precision[precision], Precision[only]].map((name) => String(name).replace('PRECISION_', ''));
  throw new Fault('PRECISION_ABSENT', `the operation does not compute in ${names[0]}, only in ${names[1]}`);
}
