// What every request about European options has in common: the model and the columns that describe the contracts.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { OptionModel, OptionType } from '../../gen/acceld/v1/option.js';
import type { Tensor } from '../../gen/acceld/v1/tensor.js';
import type { Violations } from '../base/violations.js';
import type { Column, Columns, Judgement, Range } from './columns.js';

export interface Contract {
  readonly model: OptionModel;
  readonly type?: Tensor | undefined;
  readonly spot?: Tensor | undefined;
  readonly forward?: Tensor | undefined;
  readonly strike?: Tensor | undefined;
  readonly rate?: Tensor | undefined;
  readonly dividendYield?: Tensor | undefined;
  readonly yearsToExpiry?: Tensor | undefined;
}

/** Columns whose structure is right. undefined: absent or malformed, and noted, but for a yield that need not be there. */
export interface ContractColumns {
  readonly type: Column | undefined;
  readonly underlying: Column | undefined;
  readonly strike: Column | undefined;
  readonly rate: Column | undefined;
  readonly dividendYield: Column | undefined;
  readonly years: Column | undefined;
}

// With these ranges no intermediate of a kernel leaves the range of fp32 but by a value that is itself out of it: the
// largest is S e^(yield years) = 1e12 x e^50 = 5e33.
export const prices: Range = { min: 1e-9, max: 1e12 };
export const rates: Range = { min: -2, max: 2 };
// Beyond 10 (1,000 %) it is a volatility in percent points: refused, not guessed.
export const volatilities: Range = { min: 1e-9, max: 10, zero: true };
// 1e-9 years are 32 ms; with 1e-9 of volatility d1 stays below 2e15.
export const years: Range = { min: 1e-9, max: 200, zero: true };
/** Of |rate x years|. */
export const growthMax = 50;
/** Codes of OptionType. */
export const types: Range = { min: OptionType.OPTION_TYPE_CALL, max: OptionType.OPTION_TYPE_PUT };

export function isBlack76({ model }: Contract, violations: Violations): boolean {
  if (model === OptionModel.OPTION_MODEL_BLACK_76) return true;
  if (model !== OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON) {
    violations.reject('model', 'a code of OptionModel', OptionModel[model] ?? model);
  }
  return false;
}

export function openContract(
  contract: Contract,
  black76: boolean,
  { columns, violations }: { columns: Columns; violations: Violations },
): ContractColumns {
  const [underlying, foreign] = black76 ? (['forward', 'spot'] as const) : (['spot', 'forward'] as const);
  if (contract[foreign] !== undefined) violations.reject(foreign, 'unset under this model', 'a column');
  const hasYield = contract.dividendYield !== undefined;
  if (black76 && hasYield) violations.reject('dividend_yield', 'unset under this model', 'a column');
  return {
    type: columns.codes('type', contract.type),
    underlying: columns.numbers(underlying, contract[underlying]),
    strike: columns.numbers('strike', contract.strike),
    rate: columns.numbers('rate', contract.rate),
    dividendYield: hasYield && !black76 ? columns.numbers('dividend_yield', contract.dividendYield) : undefined,
    years: columns.numbers('years_to_expiry', contract.yearsToExpiry),
  };
}

const noYields = { [Precision.PRECISION_F64]: new Uint8Array(8), [Precision.PRECISION_F32]: new Uint8Array(4) };

/** The kernels' carry column. A forward has no yield of its own: Black-76 is the formula with the yield equal to the rate. */
export function carryOf(black76: boolean, { rate, dividendYield }: ContractColumns, precision: Precision): Uint8Array {
  if (black76) return rate!.bytes;
  return dividendYield?.bytes ?? noYields[precision === Precision.PRECISION_F32 ? precision : Precision.PRECISION_F64];
}

/** |growth x years| is bounded as a product: either may be large alone. */
export function checkGrowth(
  growth: Column,
  years: Column,
  { columns, judgement }: { columns: Columns; judgement: Judgement },
): void {
  const { violations, rows } = judgement;
  if (rows === undefined && (growth.isShared || years.isShared)) return;
  const [growths, times] = [columns.reader(growth), columns.reader(years)];
  const { begin, end } = rows ?? { begin: 0, end: Math.max(growth.length, years.length) };
  for (let row = begin; row < end; row += 1) {
    const product = growths(row) * times(row);
    if (Math.abs(product) <= growthMax) continue;
    const place = growth.length === 1 ? 0 : row;
    violations.reject(`${growth.field}.data[${place}]`, `at most ${growthMax} by years_to_expiry`, product);
  }
}
