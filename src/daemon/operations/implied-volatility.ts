// The volatility at which an option has its price. The kernel judges each row: a value out of its range gives the row a
// status, never a NaN, a zero or a clamp in place of an answer.
import { catalog } from '../../gen/catalog.js';
import { Precision, type Receipt } from '../../gen/acceld/v1/execution.js';
import { ImpliedVolatilityRequest, ImpliedVolatilityResponse } from '../../gen/acceld/v1/implied_volatility.js';
import { OptionModel, OptionType } from '../../gen/acceld/v1/option.js';
import { DataType } from '../../gen/acceld/v1/tensor.js';
import { rowsMax } from '../base/limits.js';
import { noRoom, type Execution, type Plan, type Traffic } from '../base/plan.js';
import { Violations } from '../base/violations.js';
import { noSlices, type Slices } from '../memory/slices.js';
import { columnOf, Columns, numbersIn, outOfDomain, resultColumn, type Judgement } from './columns.js';
import { domainOf } from './domain.js';
import { parseExecution, requirePrecision } from './execution.js';
import { goldenCodes, goldenNumbers } from './golden.js';
import type { Operation } from './operation.js';
import { carryOf, isBlack76, openContract, types } from './option-contract.js';
import { openResults, regionTensor, type RegionResults, type Guarded } from './region-results.js';

interface Job {
  readonly execution: Execution;
  readonly rows: number;
  /** In the kernel's order: type, underlying, strike, rate, dividend yield, years to expiry, price. */
  readonly inputs: readonly Uint8Array[];
  readonly traffic: Traffic;
  /** Set where columns lie in regions. */
  readonly guarded: Guarded | undefined;
}

/** Bytes of a row of each result, in a message or in a region. */
const resultBytes: ReadonlyMap<string, number> = new Map([
  ['volatility', 8],
  ['status', 1],
]);
const rowBytes = 9;

function parse(request: ImpliedVolatilityRequest, slices: Slices = noSlices): Job {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F64, violations);
  const black76 = isBlack76(request, violations);
  const columns = new Columns(Precision.PRECISION_F64, violations, slices);
  const open = openContract(request, black76, { columns, violations });
  const { type, underlying, strike, rate, years } = open;
  const price = columns.numbers('price', request.price);
  const rows = columns.rows();
  const judge = (judgement: Judgement): void => {
    if (type) columns.checkCodes(type, { name: 'OptionType', table: OptionType }, judgement);
  };
  judge({ violations });
  let results: RegionResults | undefined;
  if (request.outputs.size > 0) {
    results = openResults(request.outputs, { results: resultBytes, rows }, { columns, slices, violations });
  } else if (rows > rowsMax) {
    violations.reject('outputs', `set for more than ${rowsMax} rows`, undefined);
  }
  violations.throwIfAny();
  requirePrecision(execution, Precision.PRECISION_F64);
  const carry = carryOf(black76, open, Precision.PRECISION_F64);
  const [first, second, third] = [type!, underlying!, strike!].map(({ bytes }) => bytes);
  const { sharedBytes, inlineBytes } = columns;
  return {
    execution,
    rows,
    inputs: [first!, second!, third!, rate!.bytes, carry, years!.bytes, price!.bytes],
    traffic: {
      copiedBytes: inlineBytes + (results ? 0 : rows * rowBytes),
      sharedBytes: sharedBytes + (results ? rows * rowBytes : 0),
    },
    guarded: sharedBytes > 0 || results ? { results, judge } : undefined,
  };
}

/** The kernel judges every number itself. */
const domain = domainOf({ ranges: [types, null, null, null, null, null, null] }, Precision.PRECISION_F64);

/** The kernel takes no parameters. */
const reserved = new Uint8Array(4);

const plan: Operation<ImpliedVolatilityRequest, Job, ImpliedVolatilityResponse>['plan'] = (job) => ({
  execution: job.execution,
  kernel: 'implied-volatility-f64',
  params: reserved,
  rows: job.rows,
  rowUnits: 1,
  inputs: job.inputs,
  outputs: [true, true],
  room: noRoom,
  traffic: job.traffic,
  ...(job.guarded && guardedPlan(job.guarded)),
});

/** In a region the status is a byte a row at once: there is no column of numbers to turn into one. */
function guardedPlan({ results }: Guarded): Partial<Plan> {
  if (results === undefined) return { guard: { domain, mask: null, codes: [null, null] } };
  const [volatility, status] = [results.get('volatility')!.bytes, results.get('status')!.bytes];
  return {
    outputs: [true, false],
    targets: [volatility, null],
    guard: { domain, mask: null, codes: [null, status] },
  };
}

const reply: Operation<ImpliedVolatilityRequest, Job, ImpliedVolatilityResponse>['reply'] = (job, result, receipt) => {
  if (result?.outOfDomain) throw outOfDomain(result.outOfDomain, job.guarded!.judge);
  if (result && job.guarded?.results) return regionReply(job.rows, job.guarded.results, receipt);
  const [volatility, status] = result?.outputs ?? [];
  if (!volatility || !status) return ImpliedVolatilityResponse.encode({ receipt }).finish();
  const codes = Uint8Array.from(numbersIn(status, Precision.PRECISION_F64));
  const column = resultColumn(volatility, job.rows, Precision.PRECISION_F64);
  return ImpliedVolatilityResponse.encode({ receipt, volatility: column, status: columnOf(codes) }).finish();
};

/** Prices of every status. */
const golden = (): readonly ImpliedVolatilityRequest[] => [
  ImpliedVolatilityRequest.fromPartial({
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: goldenCodes(),
    spot: goldenNumbers(1, [40, 250]),
    strike: goldenNumbers(2, [40, 250]),
    rate: goldenNumbers(3, [0.001, 0.2], { zeroEvery: 7 }),
    yearsToExpiry: goldenNumbers(4, [0.003, 10]),
    price: goldenNumbers(5, [1e-6, 250]),
  }),
];

function regionReply(rows: number, results: RegionResults, receipt: Receipt): Uint8Array {
  const volatility = regionTensor(results.get('volatility')!, rows, DataType.DATA_TYPE_F64);
  const status = regionTensor(results.get('status')!, rows, DataType.DATA_TYPE_U8);
  return ImpliedVolatilityResponse.encode({ receipt, volatility, status }).finish();
}

export const impliedVolatility: Operation<ImpliedVolatilityRequest, Job, ImpliedVolatilityResponse> = {
  method: catalog.pricing.impliedVolatility,
  parse,
  plan,
  golden,
  reply,
};
