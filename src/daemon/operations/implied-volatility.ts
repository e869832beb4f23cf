// The volatility at which an option has its price. The kernel judges each row: a value out of its range gives the row a
// status, never a NaN, a zero or a clamp in place of an answer.
import { catalog } from '../../gen/catalog.js';
import { Precision } from '../../gen/acceld/v1/execution.js';
import { ImpliedVolatilityResponse, type ImpliedVolatilityRequest } from '../../gen/acceld/v1/implied_volatility.js';
import { OptionType } from '../../gen/acceld/v1/option.js';
import { noRoom, type Execution } from '../base/plan.js';
import { Violations } from '../base/violations.js';
import { columnOf, Columns, numbersIn, resultColumn } from './columns.js';
import { parseExecution, requirePrecision } from './execution.js';
import type { Operation } from './operation.js';
import { carryOf, isBlack76, openContract } from './option-contract.js';

interface Job {
  readonly execution: Execution;
  readonly rows: number;
  /** In the kernel's order: type, underlying, strike, rate, dividend yield, years to expiry, price. */
  readonly inputs: readonly Uint8Array[];
}

function parse(request: ImpliedVolatilityRequest): Job {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F64, violations);
  const black76 = isBlack76(request, violations);
  const columns = new Columns(Precision.PRECISION_F64, violations);
  const open = openContract(request, black76, { columns, violations });
  const { type, underlying, strike, rate, years } = open;
  const price = columns.numbers('price', request.price);
  const rows = columns.rows();
  if (type) columns.checkCodes(type, 'OptionType', OptionType);
  violations.throwIfAny();
  requirePrecision(execution, Precision.PRECISION_F64);
  const carry = carryOf(black76, open, Precision.PRECISION_F64);
  const [first, second, third] = [type!, underlying!, strike!].map(({ bytes }) => bytes);
  return { execution, rows, inputs: [first!, second!, third!, rate!.bytes, carry, years!.bytes, price!.bytes] };
}

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
});

const reply: Operation<ImpliedVolatilityRequest, Job, ImpliedVolatilityResponse>['reply'] = (job, result, receipt) => {
  const [volatility, status] = result?.outputs ?? [];
  if (!volatility || !status) return ImpliedVolatilityResponse.encode({ receipt }).finish();
  const codes = Uint8Array.from(numbersIn(status, Precision.PRECISION_F64));
  const column = resultColumn(volatility, job.rows, Precision.PRECISION_F64);
  return ImpliedVolatilityResponse.encode({ receipt, volatility: column, status: columnOf(codes) }).finish();
};

export const impliedVolatility: Operation<ImpliedVolatilityRequest, Job, ImpliedVolatilityResponse> = {
  method: catalog.pricing.impliedVolatility,
  parse,
  plan,
  reply,
};
