// The options that are priced: random, from a fixed seed, in ranges that a desk sees.
import { Priority } from '../src/gen/acceld/v1/execution.js';
import { OptionModel } from '../src/gen/acceld/v1/option.js';
import { OptionValue, PriceOptionsRequest } from '../src/gen/acceld/v1/price_options.js';
import { DataType, type Tensor } from '../src/gen/acceld/v1/tensor.js';

export const rate = 0.03;
export const dividendYield = 0.01;

export interface Book {
  readonly rows: number;
  readonly type: Uint8Array;
  readonly spot: Float64Array;
  readonly strike: Float64Array;
  readonly volatility: Float64Array;
  readonly years: Float64Array;
}

export function makeBook(rows: number): Book {
  const random = randomNumbers(20_261_124);
  const uniform = (low: number, high: number) =>
    Float64Array.from({ length: rows }, () => low + (high - low) * random());
  return {
    rows,
    type: Uint8Array.from({ length: rows }, () => (random() < 0.5 ? 1 : 2)),
    spot: uniform(50, 150),
    strike: uniform(50, 150),
    volatility: uniform(0.05, 0.8),
    years: uniform(0.05, 2.05),
  };
}

/** Marsaglia's xorshift32, 0 to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The values of every row here: price, delta, gamma, vega, theta, rho. */
export const values = [
  OptionValue.OPTION_VALUE_PRICE,
  OptionValue.OPTION_VALUE_DELTA,
  OptionValue.OPTION_VALUE_GAMMA,
  OptionValue.OPTION_VALUE_VEGA,
  OptionValue.OPTION_VALUE_THETA,
  OptionValue.OPTION_VALUE_RHO,
];

const numbers = (values: Float64Array): Tensor => ({
  dtype: DataType.DATA_TYPE_F64,
  shape: [values.length],
  data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** Options whose prices carry their volatilities: near the money, with some time left. */
export function makeSolvableBook(rows: number): Book {
  const book = makeBook(rows);
  return {
    ...book,
    strike: book.spot.map((spot, row) => spot * (0.8 + 0.4 * ((book.strike[row]! - 50) / 100))),
    volatility: book.volatility.map((volatility) => 0.15 + volatility),
    years: book.years.map((years) => 0.2 + years),
  };
}

/** A request for every row of the book, seven whole columns. */
export function requestBytes(
  { rows, type, spot, strike, volatility, years }: Book,
  priority = Priority.PRIORITY_INTERACTIVE,
): Uint8Array {
  const request = PriceOptionsRequest.fromPartial({
    execution: { priority },
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    values,
    type: { dtype: DataType.DATA_TYPE_U8, shape: [rows], data: type },
    spot: numbers(spot),
    strike: numbers(strike),
    rate: numbers(new Float64Array(rows).fill(rate)),
    dividendYield: numbers(new Float64Array(rows).fill(dividendYield)),
    volatility: numbers(volatility),
    yearsToExpiry: numbers(years),
  });
  return PriceOptionsRequest.encode(request).finish();
}
