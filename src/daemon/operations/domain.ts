// Which values the inputs of a kernel may hold, as a device takes it.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { narrowed, type Range } from './columns.js';

/** |first x second| is at most max; both are places among the kernel's inputs. */
export interface BoundedProduct {
  readonly first: number;
  readonly second: number;
  readonly max: number;
}

interface Domain {
  /** For each input of the kernel; null: any value. */
  readonly ranges: readonly (Range | null)[];
  readonly products?: readonly BoundedProduct[];
}

/** As Guard.domain wants it, with the borders that the precision has. */
export function domainOf({ ranges, products = [] }: Domain, precision: Precision): Float64Array {
  const borders = ranges.flatMap((range) => {
    if (range === null) return [Number.NaN, 0, 0];
    const { min, max, zero } = precision === Precision.PRECISION_F32 ? narrowed(range) : range;
    return [min, max, zero ? 1 : 0];
  });
  return Float64Array.from([...borders, ...products.flatMap(({ first, second, max }) => [first, second, max])]);
}
