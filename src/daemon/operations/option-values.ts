// The values of an option that a request may ask for: their names in it, their places in the reply, and what becomes of those
// that do not exist.
import { OptionValue } from '../../gen/acceld/v1/price_options.js';
import type { Result } from '../base/plan.js';
import type { Violations } from '../base/violations.js';
import { wireName } from './region-results.js';

/** The result that is named so in a request's outputs. */
export const maskName = 'undefined';

/** Every value's column in the reply, in the order of the kernel's outputs. */
export const outputs = [
  [OptionValue.OPTION_VALUE_PRICE, 'price'],
  [OptionValue.OPTION_VALUE_DELTA, 'delta'],
  [OptionValue.OPTION_VALUE_GAMMA, 'gamma'],
  [OptionValue.OPTION_VALUE_VEGA, 'vega'],
  [OptionValue.OPTION_VALUE_THETA, 'theta'],
  [OptionValue.OPTION_VALUE_RHO, 'rho'],
  [OptionValue.OPTION_VALUE_DIVIDEND_RHO, 'dividendRho'],
  [OptionValue.OPTION_VALUE_VANNA, 'vanna'],
  [OptionValue.OPTION_VALUE_VOLGA, 'volga'],
] as const;

export function parseValues(
  values: readonly OptionValue[],
  black76: boolean,
  violations: Violations,
): readonly OptionValue[] {
  if (values.length === 0) return [OptionValue.OPTION_VALUE_PRICE];
  if (values.length > outputs.length) {
    violations.reject('values', `at most the ${outputs.length} values there are`, values.length);
    return [];
  }
  const seen = new Set<OptionValue>();
  values.forEach((value, index) => {
    if (!outputs.some(([code]) => code === value)) {
      violations.reject(`values[${index}]`, 'a code of OptionValue', OptionValue[value] ?? value);
    } else if (seen.has(value)) {
      violations.reject(`values[${index}]`, 'listed once', OptionValue[value]);
    } else if (black76 && value === OptionValue.OPTION_VALUE_DIVIDEND_RHO) {
      violations.reject(`values[${index}]`, 'a value of Black-76, which has no dividend yield', OptionValue[value]);
    }
    seen.add(value);
  });
  return [...seen];
}

/** Every result by its name, with the bytes of a row: the values wanted and the mask. */
export const resultsOf = (values: readonly OptionValue[], valueBytes: number): ReadonlyMap<string, number> =>
  new Map([
    ...outputs.filter(([value]) => values.includes(value)).map(([, field]) => [wireName(field), valueBytes] as const),
    [maskName, 4],
  ]);

/** Field numbers in PriceOptionsResponse: one above the code of the value. */
export const fields = outputs.map(([value]) => value + 1);

/** Moves every value that is not finite into the mask and leaves 0 in its place. */
export function takeUndefined(result: Result, { rows, step }: { rows: number; step: number }): Uint32Array {
  const mask = new Uint32Array(rows);
  outputs.forEach(([value], index) => {
    const bytes = result.outputs[index];
    if (!bytes) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let row = 0; row < rows; row += 1) {
      const number = step === 4 ? view.getFloat32(4 * row, true) : view.getFloat64(8 * row, true);
      if (Number.isFinite(number)) continue;
      bytes.fill(0, step * row, step * (row + 1));
      mask[row]! |= 1 << value;
    }
  });
  return mask;
}
