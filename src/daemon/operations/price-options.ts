// European options by a closed formula. Definitions, units and ranges: proto/acceld/v1/price_options.proto.
import { catalog } from '../../gen/catalog.js';
import { Precision } from '../../gen/acceld/v1/execution.js';
import {
  OptionModel,
  OptionType,
  OptionValue,
  type PriceOptionsRequest,
  type PriceOptionsResponse,
} from '../../gen/acceld/v1/price_options.js';
import { DataType, type Tensor } from '../../gen/acceld/v1/tensor.js';
import { messageBytesMax } from '../base/limits.js';
import { Violations } from '../base/violations.js';
import { Columns, type Range } from './columns.js';
import { parseExecution, type Execution } from './execution.js';
import type { NumberView, Operation, Result, View } from './operation.js';

interface Job {
  readonly execution: Execution;
  readonly model: OptionModel;
  readonly values: readonly OptionValue[];
  readonly rows: number;
  /** In the kernel's order: type, underlying, strike, rate, dividend yield, volatility, years to expiry. */
  readonly inputs: readonly View[];
}

/** Every value's column in the reply, in the order of the kernel's outputs. */
const outputs = [
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

// With these ranges no intermediate of the kernel leaves the range of fp32 but by a value that is itself out of it:
// the largest is S e^(yield years) = 1e12 x e^50 = 5e33.
const prices: Range = { min: 1e-9, max: 1e12 };
const rates: Range = { min: -2, max: 2 };
// Beyond 10 (1,000 %) it is a volatility in percent points: refused, not guessed.
const volatilities: Range = { min: 1e-9, max: 10, zero: true };
// 1e-9 years are 32 ms; with 1e-9 of volatility d1 stays below 2e15.
const years: Range = { min: 1e-9, max: 200, zero: true };
const growthMax = 50;

function parse(request: PriceOptionsRequest): Job {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F64, violations);
  const black76 = request.model === OptionModel.OPTION_MODEL_BLACK_76;
  if (!black76 && request.model !== OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON) {
    violations.reject('model', 'a code of OptionModel', OptionModel[request.model] ?? request.model);
  }
  const values = parseValues(request.values, black76, violations);
  const { rows, inputs } = parseColumns(request, black76, new Columns(execution.precision, violations), violations);
  const bytes = rows * (values.length * (execution.precision === Precision.PRECISION_F32 ? 4 : 8) + 4);
  if (bytes > messageBytesMax - 1024) {
    violations.reject('values', `of at most ${messageBytesMax} bytes in reply`, `${values.length} for ${rows} rows`);
  }
  violations.throwIfAny();
  return { execution, model: request.model, values, rows, inputs };
}

function parseValues(values: readonly OptionValue[], black76: boolean, violations: Violations): readonly OptionValue[] {
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

function parseColumns(
  request: PriceOptionsRequest,
  black76: boolean,
  columns: Columns,
  violations: Violations,
): { rows: number; inputs: readonly View[] } {
  const [underlyingField, foreignField] = black76 ? (['forward', 'spot'] as const) : (['spot', 'forward'] as const);
  if (request[foreignField] !== undefined) violations.reject(foreignField, 'unset under this model', 'a column');
  if (black76 && request.dividendYield !== undefined) {
    violations.reject('dividend_yield', 'unset under this model', 'a column');
  }
  const type = columns.codes('type', request.type);
  const underlying = columns.numbers(underlyingField, request[underlyingField]);
  const strike = columns.numbers('strike', request.strike);
  const rate = columns.numbers('rate', request.rate);
  const hasYield = !black76 && request.dividendYield !== undefined;
  const dividendYield = hasYield ? columns.numbers('dividend_yield', request.dividendYield) : undefined;
  const volatility = columns.numbers('volatility', request.volatility);
  const yearsToExpiry = columns.numbers('years_to_expiry', request.yearsToExpiry);
  const rows = columns.rows();
  if (!type || !underlying || !strike || !rate || !volatility || !yearsToExpiry || (hasYield && !dividendYield)) {
    return { rows, inputs: [] };
  }
  const types = columns.codeValues(type, 'OptionType', OptionType);
  const underlyings = columns.values(underlying, prices);
  const strikes = columns.values(strike, prices);
  const rateValues = columns.values(rate, rates);
  const yields = dividendYield ? columns.values(dividendYield, rates) : undefined;
  const volatilityValues = columns.values(volatility, volatilities);
  const yearValues = columns.values(yearsToExpiry, years);
  if (violations.count === 0) {
    checkGrowth('rate', rateValues, yearValues, violations);
    if (yields) checkGrowth('dividend_yield', yields, yearValues, violations);
  }
  // A forward carries no yield of its own: Black-76 is the formula with the yield equal to the rate.
  const carry = black76 ? rateValues : (yields ?? noYield(rateValues));
  return { rows, inputs: [types, underlyings, strikes, rateValues, carry, volatilityValues, yearValues] };
}

const noYield = (like: NumberView): NumberView =>
  like instanceof Float32Array ? new Float32Array(1) : new Float64Array(1);

/** |rate x years| is bounded as a product: either may be large alone. */
function checkGrowth(field: string, growths: NumberView, times: NumberView, violations: Violations): void {
  const rows = Math.max(growths.length, times.length);
  for (let row = 0; row < rows; row += 1) {
    const growth = growths[growths.length === 1 ? 0 : row]! * times[times.length === 1 ? 0 : row]!;
    if (Math.abs(growth) <= growthMax) continue;
    violations.reject(
      `${field}.data[${growths.length === 1 ? 0 : row}]`,
      `at most ${growthMax} by years_to_expiry`,
      growth,
    );
  }
}

const plan: Operation<PriceOptionsRequest, Job, PriceOptionsResponse>['plan'] = (job) => ({
  execution: job.execution,
  kernel: job.execution.precision === Precision.PRECISION_F32 ? 'price-options-f32' : 'price-options-f64',
  params: new Uint8Array(Uint32Array.of(job.model).buffer),
  rows: job.rows,
  inputs: job.inputs,
  outputs: outputs.map(([value]) => job.values.includes(value)),
});

const reply: Operation<PriceOptionsRequest, Job, PriceOptionsResponse>['reply'] = (job, result, receipt) => {
  const response: PriceOptionsResponse = { receipt };
  if (result === null) return response;
  if (result.notFinite) response.undefined = column(takeUndefined(job.rows, result));
  outputs.forEach(([, field], index) => {
    const values = result.outputs[index];
    if (values) response[field] = column(values);
  });
  return response;
};

/** Moves every value that is not finite into the mask and leaves 0 in its place. */
function takeUndefined(rows: number, result: Result): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(rows);
  outputs.forEach(([value], index) => {
    const values = result.outputs[index];
    if (!values) return;
    for (let row = 0; row < rows; row += 1) {
      if (Number.isFinite(values[row])) continue;
      values[row] = 0;
      mask[row]! |= 1 << value;
    }
  });
  return mask;
}

function column(values: NumberView | Uint32Array<ArrayBuffer>): Tensor {
  const dtype =
    values instanceof Float64Array
      ? DataType.DATA_TYPE_F64
      : values instanceof Float32Array
        ? DataType.DATA_TYPE_F32
        : DataType.DATA_TYPE_U32;
  return { dtype, shape: [values.length], data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

export const priceOptions: Operation<PriceOptionsRequest, Job, PriceOptionsResponse> = {
  method: catalog.pricing.priceOptions,
  parse,
  plan,
  reply,
};
