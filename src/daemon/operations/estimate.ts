// Statistics of a simulation: from the sums of its blocks to estimates with standard errors.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { numbersIn } from './columns.js';
import { blockPaths } from './monte-carlo.js';

/** Sums over samples: payoff, its square, control, its square, their product, delta, its square, vega, its square. */
export const sumCount = 9;

export interface Sums {
  readonly blocks: number;
  readonly values: Float64Array;
}

export const noSums: Sums = { blocks: 0, values: new Float64Array(sumCount) };

/**
 * Adds blocks one by one in their order, so that the sums of the first n blocks are the same bits however many rounds
 * they came in. Outputs come in pairs, high and low.
 */
export function addBlocks(sums: Sums, outputs: readonly (Uint8Array | null)[], blocks: number): Sums {
  const values = sums.values.slice();
  for (let sum = 0; sum < sumCount; sum += 1) {
    const [highBytes, lowBytes] = [outputs[2 * sum], outputs[2 * sum + 1]];
    if (!highBytes || !lowBytes) continue;
    const [high, low] = [highBytes, lowBytes].map((bytes) => numbersIn(bytes, Precision.PRECISION_F32));
    let value = values[sum]!;
    for (let block = 0; block < blocks; block += 1) value += high![block]! + low![block]!;
    values[sum] = value;
  }
  return { blocks: sums.blocks + blocks, values };
}

export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
}

/** A pair of antithetic paths is one sample: its two halves are not independent. */
export const samplesOf = ({ blocks }: Sums, antithetic: boolean): number =>
  (blocks * blockPaths) / (antithetic ? 2 : 1);

/** Mean and standard error of the mean from a sum and a sum of squares. */
export function estimateOf(sum: number, squares: number, samples: number): Estimate {
  const mean = sum / samples;
  // Rounding can leave a variance of nothing slightly below zero.
  const variance = Math.max(0, squares / samples - mean * mean);
  return { mean, standardError: Math.sqrt(variance / (samples - 1)) };
}

/** The payoff's mean, corrected by what its control missed of the control's known mean. */
export function controlled(sums: Sums, samples: number, controlMean: number): Estimate {
  const [x, xx, c, cc, xc] = sums.values as unknown as [number, number, number, number, number];
  const [meanX, meanC] = [x / samples, c / samples];
  const varianceC = Math.max(0, cc / samples - meanC * meanC);
  const covariance = xc / samples - meanX * meanC;
  // A control that does not vary corrects nothing.
  const slope = varianceC > 0 ? covariance / varianceC : 0;
  const variance = Math.max(0, xx / samples - meanX * meanX - slope * covariance);
  // Two parameters, mean and slope, were taken from the samples.
  return { mean: meanX - slope * (meanC - controlMean), standardError: Math.sqrt(variance / (samples - 2)) };
}
