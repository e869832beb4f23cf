// European options by a closed formula. Definitions, units and ranges: proto/acceld/v1/price_options.proto.
import { catalog } from '../../gen/catalog.js';
import { Precision, type Receipt } from '../../gen/acceld/v1/execution.js';
import { OptionModel, OptionType } from '../../gen/acceld/v1/option.js';
import { DataType } from '../../gen/acceld/v1/tensor.js';
import { type OptionValue, PriceOptionsRequest, PriceOptionsResponse } from '../../gen/acceld/v1/price_options.js';
import { messageBytesMax, rowsMax } from '../base/limits.js';
import { Violations } from '../base/violations.js';
import { noSlices, type Slices } from '../memory/slices.js';
import { columnHeaderBytes, encodeColumnReply, receiptRoomBytes } from './column-reply.js';
import { columnOf, Columns, dataTypeOf, outOfDomain, resultColumn, type Judgement } from './columns.js';
import { domainOf } from './domain.js';
import { goldenCodes, goldenNumbers } from './golden.js';
import { parseExecution } from './execution.js';
import type { Execution, Guard, Plan, Traffic } from '../base/plan.js';
import type { Operation } from './operation.js';
import {
  carryOf,
  checkGrowth,
  growthMax,
  isBlack76,
  openContract,
  prices,
  rates,
  types,
  volatilities,
  years,
} from './option-contract.js';
import { fields, maskName, outputs, parseValues, resultsOf, takeUndefined } from './option-values.js';
import { bytesOf, openResults, regionTensor, wireName, type Guarded, type RegionResults } from './region-results.js';

interface Job {
  readonly execution: Execution;
  readonly model: OptionModel;
  readonly values: readonly OptionValue[];
  readonly rows: number;
  /** In the kernel's order: type, underlying, strike, rate, dividend yield, volatility, years to expiry. */
  readonly inputs: readonly Uint8Array[];
  readonly traffic: Traffic;
  /** Set where the device judges the values. */
  readonly guarded: Guarded | undefined;
}

/**
 * Rows from which the device judges the values as it reads them: on the event loop it would take longer than the kernel,
 * and everybody waits. Below, a look at them here costs less than the guard.
 */
const guardedRowsMin = 1024;

function parse(request: PriceOptionsRequest, slices: Slices = noSlices): Job {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F64, violations);
  const black76 = isBlack76(request, violations);
  const values = parseValues(request.values, black76, violations);
  const columns = new Columns(execution.precision, violations, slices);
  const { rows, inputs, judge } = parseColumns(request, black76, columns, violations);
  // Where something is wrong already, or nothing is computed, everything is named at once.
  const isJudgedHere = rows < guardedRowsMin || execution.validateOnly || violations.count > 0;
  if (isJudgedHere) judge({ violations });
  const resultBytes = execution.precision === Precision.PRECISION_F32 ? 4 : 8;
  let results: RegionResults | undefined;
  if (request.outputs.size === 0) checkReply(rows, values, { resultBytes, violations });
  else {
    const wanted = { results: resultsOf(values, resultBytes), rows };
    results = openResults(request.outputs, wanted, { columns, slices, violations });
  }
  violations.throwIfAny();
  const { sharedBytes, inlineBytes } = columns;
  const replyBytes = results ? 0 : rows * values.length * resultBytes;
  return {
    execution,
    model: request.model,
    values,
    rows,
    inputs,
    traffic: { copiedBytes: inlineBytes + replyBytes, sharedBytes: sharedBytes + (results ? bytesOf(results) : 0) },
    guarded: sharedBytes > 0 || results || !isJudgedHere ? { results, judge } : undefined,
  };
}

function checkReply(
  rows: number,
  values: readonly OptionValue[],
  { resultBytes, violations }: { resultBytes: number; violations: Violations },
): void {
  if (rows > rowsMax) violations.reject('outputs', `set for more than ${rowsMax} rows`, undefined);
  else if (rows * (values.length * resultBytes + 4) > messageBytesMax - 1024) {
    violations.reject('values', `of at most ${messageBytesMax} bytes in reply`, `${values.length} for ${rows} rows`);
  }
}

function parseColumns(
  request: PriceOptionsRequest,
  black76: boolean,
  columns: Columns,
  violations: Violations,
): { rows: number; inputs: readonly Uint8Array[]; judge: (judgement: Judgement) => void } {
  const open = openContract(request, black76, { columns, violations });
  const { type, underlying, strike, rate, dividendYield, years: time } = open;
  const volatility = columns.numbers('volatility', request.volatility);
  const rows = columns.rows();
  if (!type || !underlying || !strike || !rate || !volatility || !time) {
    return { rows, inputs: [], judge: () => undefined };
  }
  const judge = (judgement: Judgement): void => {
    columns.checkCodes(type, { name: 'OptionType', table: OptionType }, judgement);
    columns.check(underlying, prices, judgement);
    columns.check(strike, prices, judgement);
    columns.check(rate, rates, judgement);
    if (dividendYield) columns.check(dividendYield, rates, judgement);
    columns.check(volatility, volatilities, judgement);
    columns.check(time, years, judgement);
    if (judgement.violations.count > 0) return;
    checkGrowth(rate, time, { columns, judgement });
    if (dividendYield) checkGrowth(dividendYield, time, { columns, judgement });
  };
  const carry = carryOf(black76, open, columns.precision);
  const bytes = [type.bytes, underlying.bytes, strike.bytes, rate.bytes, carry, volatility.bytes, time.bytes];
  return { rows, inputs: bytes, judge };
}

/** The same for a device; products are of rate and years, and of carry and years. */
const domain = {
  ranges: [types, prices, prices, rates, rates, volatilities, years],
  products: [
    { first: 3, second: 6, max: growthMax },
    { first: 4, second: 6, max: growthMax },
  ],
} as const;
const domains: Readonly<Partial<Record<Precision, Float64Array>>> = {
  [Precision.PRECISION_F64]: domainOf(domain, Precision.PRECISION_F64),
  [Precision.PRECISION_F32]: domainOf(domain, Precision.PRECISION_F32),
};

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
  traffic: job.traffic,
  guard: job.guarded && guardOf(job, job.guarded),
  targets: job.guarded?.results && targetsOf(job.guarded.results),
});

const guardOf = ({ execution }: Job, { results }: Guarded): Guard => ({
  domain: domains[execution.precision]!,
  mask: results?.get(maskName)?.bytes ?? null,
  codes: outputs.map(() => null),
});

const targetsOf = (results: RegionResults): Plan['targets'] =>
  outputs.map(([, field]) => results.get(wireName(field))?.bytes ?? null);

const reply: Operation<PriceOptionsRequest, Job, PriceOptionsResponse>['reply'] = (job, result, receipt) => {
  const { rows, execution } = job;
  if (result === null) return PriceOptionsResponse.encode({ receipt }).finish();
  if (result.outOfDomain) throw outOfDomain(result.outOfDomain, job.guarded!.judge);
  if (job.guarded?.results) return regionReply(job, job.guarded.results, { notFinite: result.notFinite, receipt });
  if (!result.notFinite) return encodeColumnReply({ rows, precision: execution.precision, fields }, result, receipt);
  const response: PriceOptionsResponse = {
    receipt,
    undefined: columnOf(takeUndefined(result, { rows, step: elementBytes(job) })),
  };
  outputs.forEach(([, field], index) => {
    const bytes = result.outputs[index];
    if (bytes) response[field] = resultColumn(bytes, rows, execution.precision);
  });
  return PriceOptionsResponse.encode(response).finish();
};

function regionReply(
  { rows, execution }: Job,
  results: RegionResults,
  { notFinite, receipt }: { notFinite: boolean; receipt: Receipt },
): Uint8Array {
  const response: PriceOptionsResponse = { receipt };
  for (const [, field] of outputs) {
    const result = results.get(wireName(field));
    if (result) response[field] = regionTensor(result, rows, dataTypeOf(execution.precision));
  }
  if (notFinite) response.undefined = regionTensor(results.get(maskName)!, rows, DataType.DATA_TYPE_U32);
  return PriceOptionsResponse.encode(response).finish();
}

/** From far in to far out of the money, and without variance. */
function golden(): readonly PriceOptionsRequest[] {
  return [Precision.PRECISION_F32, Precision.PRECISION_F64].map((precision) => {
    const numbers = (seed: number, low: number, high: number, zeroEvery = Infinity) =>
      goldenNumbers(seed, [low, high], { zeroEvery, precision: precision === Precision.PRECISION_F32 ? 4 : 8 });
    return PriceOptionsRequest.fromPartial({
      execution: { precision },
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      values: outputs.map(([value]) => value),
      type: goldenCodes(),
      spot: numbers(1, 40, 250),
      strike: numbers(2, 40, 250),
      rate: numbers(3, 0.001, 0.2, 7),
      dividendYield: numbers(4, 0.001, 0.2, 5),
      volatility: numbers(5, 0.01, 2, 16),
      yearsToExpiry: numbers(6, 0.003, 10, 24),
    });
  });
}

export const priceOptions: Operation<PriceOptionsRequest, Job, PriceOptionsResponse> = {
  method: catalog.pricing.priceOptions,
  parse,
  plan,
  golden,
  reply,
};
