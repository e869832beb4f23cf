// European options by a closed formula. Definitions, units and ranges: proto/acceld/v1/price_options.proto.
import { catalog } from '../../gen/catalog.js';
import { Precision } from '../../gen/acceld/v1/execution.js';
import { OptionModel, OptionType } from '../../gen/acceld/v1/option.js';
import { OptionValue, PriceOptionsResponse, type PriceOptionsRequest } from '../../gen/acceld/v1/price_options.js';
import { messageBytesMax } from '../base/limits.js';
import { Violations } from '../base/violations.js';
import { columnHeaderBytes, encodeColumnReply, receiptRoomBytes } from './column-reply.js';
import { columnOf, Columns, resultColumn } from './columns.js';
import { parseExecution } from './execution.js';
import type { Execution, Result } from '../base/plan.js';
import type { Operation } from './operation.js';
import {
  carryOf,
  checkGrowth,
  isBlack76,
  openContract,
  prices,
  rates,
  volatilities,
  years,
} from './option-contract.js';

interface Job {
  readonly execution: Execution;
  readonly model: OptionModel;
  readonly values: readonly OptionValue[];
  readonly rows: number;
  /** In the kernel's order: type, underlying, strike, rate, dividend yield, volatility, years to expiry. */
  readonly inputs: readonly Uint8Array[];
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

function parse(request: PriceOptionsRequest): Job {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F64, violations);
  const black76 = isBlack76(request, violations);
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
): { rows: number; inputs: readonly Uint8Array[] } {
  const open = openContract(request, black76, { columns, violations });
  const { type, underlying, strike, rate, dividendYield, years: time } = open;
  const volatility = columns.numbers('volatility', request.volatility);
  const rows = columns.rows();
  if (!type || !underlying || !strike || !rate || !volatility || !time) return { rows, inputs: [] };
  columns.checkCodes(type, 'OptionType', OptionType);
  columns.check(underlying, prices);
  columns.check(strike, prices);
  columns.check(rate, rates);
  if (dividendYield) columns.check(dividendYield, rates);
  columns.check(volatility, volatilities);
  columns.check(time, years);
  if (violations.count === 0) {
    checkGrowth(rate, time, { columns, violations });
    if (dividendYield) checkGrowth(dividendYield, time, { columns, violations });
  }
  const carry = carryOf(black76, open, columns.precision);
  const bytes = [type.bytes, underlying.bytes, strike.bytes, rate.bytes, carry, volatility.bytes, time.bytes];
  return { rows, inputs: bytes };
}

/** The kernel's parameter block for each model. */
const paramsOf: Readonly<Record<number, Uint8Array>> = {
  [OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON]: new Uint8Array(Uint32Array.of(1).buffer),
  [OptionModel.OPTION_MODEL_BLACK_76]: new Uint8Array(Uint32Array.of(2).buffer),
};

const elementBytes = ({ execution }: Job): number => (execution.precision === Precision.PRECISION_F32 ? 4 : 8);

const plan: Operation<PriceOptionsRequest, Job, PriceOptionsResponse>['plan'] = (job) => ({
  execution: job.execution,
  kernel: job.execution.precision === Precision.PRECISION_F32 ? 'price-options-f32' : 'price-options-f64',
  params: paramsOf[job.model]!,
  rows: job.rows,
  rowUnits: 1,
  inputs: job.inputs,
  outputs: outputs.map(([value]) => job.values.includes(value)),
  room: { before: columnHeaderBytes(job.rows, elementBytes(job)), behind: receiptRoomBytes },
});

/** Field numbers in PriceOptionsResponse: one above the code of the value. */
const fields = outputs.map(([value]) => value + 1);

const reply: Operation<PriceOptionsRequest, Job, PriceOptionsResponse>['reply'] = (job, result, receipt) => {
  const { rows, execution } = job;
  if (result === null) return PriceOptionsResponse.encode({ receipt }).finish();
  if (!result.notFinite) return encodeColumnReply({ rows, precision: execution.precision, fields }, result, receipt);
  const response: PriceOptionsResponse = { receipt, undefined: columnOf(takeUndefined(job, result)) };
  outputs.forEach(([, field], index) => {
    const bytes = result.outputs[index];
    if (bytes) response[field] = resultColumn(bytes, rows, execution.precision);
  });
  return PriceOptionsResponse.encode(response).finish();
};

/** Moves every value that is not finite into the mask and leaves 0 in its place. */
function takeUndefined(job: Job, result: Result): Uint32Array {
  const mask = new Uint32Array(job.rows);
  const step = elementBytes(job);
  outputs.forEach(([value], index) => {
    const bytes = result.outputs[index];
    if (!bytes) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let row = 0; row < job.rows; row += 1) {
      const number = step === 4 ? view.getFloat32(4 * row, true) : view.getFloat64(8 * row, true);
      if (Number.isFinite(number)) continue;
      bytes.fill(0, step * row, step * (row + 1));
      mask[row]! |= 1 << value;
    }
  });
  return mask;
}

export const priceOptions: Operation<PriceOptionsRequest, Job, PriceOptionsResponse> = {
  method: catalog.pricing.priceOptions,
  parse,
  plan,
  reply,
};
