// Checks a request for a simulation and names every field at fault.
import { Precision } from '../../gen/acceld/v1/execution.js';
import { OptionType } from '../../gen/acceld/v1/option.js';
import { Averaging, BarrierKind, type SimulateRequest } from '../../gen/acceld/v1/simulate.js';
import type { Duration } from '../../gen/google/protobuf/duration.js';
import { simulationDatesMax, simulationPathsDefault, simulationPathsMax } from '../base/limits.js';
import type { Execution } from '../base/plan.js';
import { Violations } from '../base/violations.js';
import type { Range } from './columns.js';
import { parseExecution, requirePrecision } from './execution.js';
import { blockPaths, type Payoff, type Simulation } from './monte-carlo.js';
import { growthMax, prices, rates, volatilities, years } from './option-contract.js';

const rebates: Range = { min: 0, max: 1e12 };
const reportNsMin = 10_000_000;
const reportNsDefault = 100_000_000;

export interface ParsedSimulation {
  readonly execution: Execution;
  readonly simulation: Simulation;
  readonly blocks: number;
  readonly targetError: number;
  readonly budgetNs: number;
  readonly reportNs: number;
}

export function parseSimulation(request: SimulateRequest): ParsedSimulation {
  const violations = new Violations();
  const execution = parseExecution(request.execution, Precision.PRECISION_F32, violations);
  checkNumbers(request, violations);
  const payoff = parsePayoff(request, violations);
  const bounds = parseBounds(request, violations);
  if (request.greeks && request.volatility === 0) violations.reject('greeks', 'false where volatility is 0', true);
  violations.throwIfAny();
  requirePrecision(execution, Precision.PRECISION_F32);
  const simulation: Simulation = {
    option: request.type,
    spot: request.spot,
    strike: request.strike,
    rate: request.rate,
    dividendYield: request.dividendYield,
    volatility: request.volatility,
    years: request.yearsToExpiry,
    payoff: payoff!,
    seed: request.seed,
    antithetic: request.antithetic,
    controlVariate: request.controlVariate,
    greeks: request.greeks,
  };
  return { execution, simulation, ...bounds };
}

function checkRange(field: string, value: number, range: Range, violations: Violations): void {
  const { min, max, zero = false } = range;
  if ((value >= min && value <= max) || (zero && value === 0)) return;
  violations.reject(field, `${zero ? '0 or ' : ''}${min} to ${max}`, value);
}

function checkNumbers(request: SimulateRequest, violations: Violations): void {
  if (Number(request.type) < 1 || OptionType[request.type] === undefined) {
    violations.reject('type', 'a code of OptionType', OptionType[request.type] ?? request.type);
  }
  checkRange('spot', request.spot, prices, violations);
  checkRange('strike', request.strike, prices, violations);
  checkRange('rate', request.rate, rates, violations);
  checkRange('dividend_yield', request.dividendYield, rates, violations);
  checkRange('volatility', request.volatility, volatilities, violations);
  checkRange('years_to_expiry', request.yearsToExpiry, years, violations);
  for (const [field, growth] of [
    ['rate', request.rate],
    ['dividend_yield', request.dividendYield],
  ] as const) {
    const product = Math.abs(growth * request.yearsToExpiry);
    if (product > growthMax) violations.reject(field, `at most ${growthMax} by years_to_expiry`, product);
  }
}

function parsePayoff({ payoff, yearsToExpiry }: SimulateRequest, violations: Violations): Payoff | undefined {
  switch (payoff?.$case) {
    case 'european':
      return { kind: 'european' };
    case 'asian': {
      const { averaging } = payoff.value;
      const times = parseDates('asian.fixing_years', payoff.value.fixingYears, yearsToExpiry, violations);
      if (averaging === Averaging.AVERAGING_GEOMETRIC) return { kind: 'geometric-asian', times };
      if (averaging !== Averaging.AVERAGING_ARITHMETIC) {
        violations.reject('asian.averaging', 'a code of Averaging', Averaging[averaging] ?? averaging);
      }
      return { kind: 'arithmetic-asian', times };
    }
    case 'barrier': {
      const { kind: barrierKind, barrier: level, rebate, monitoringYears } = payoff.value;
      const times = parseDates('barrier.monitoring_years', monitoringYears, yearsToExpiry, violations);
      if (Number(barrierKind) < 1 || BarrierKind[barrierKind] === undefined) {
        violations.reject('barrier.kind', 'a code of BarrierKind', BarrierKind[barrierKind] ?? barrierKind);
      }
      checkRange('barrier.barrier', level, prices, violations);
      checkRange('barrier.rebate', rebate, rebates, violations);
      return { kind: 'barrier', barrierKind, level, rebate, times };
    }
    default:
      violations.reject('payoff', 'european, asian or barrier', undefined);
      return undefined;
  }
}

/** m * (years / m) may round to more than years: a date so little behind the expiry is the expiry. */
const expirySlack = 1 + 1e-12;

function parseDates(
  field: string,
  times: readonly number[],
  expiry: number,
  violations: Violations,
): readonly number[] {
  if (times.length < 1 || times.length > simulationDatesMax) {
    violations.reject(field, `1 to ${simulationDatesMax} dates`, times.length);
    return times;
  }
  times.forEach((time, index) => {
    const before = index === 0 ? -1 : times[index - 1]!;
    if (!(time >= 0 && time <= expiry * expirySlack)) {
      violations.reject(`${field}[${index}]`, `0 to years_to_expiry ${expiry}`, time);
    } else if (!(time > before)) {
      violations.reject(`${field}[${index}]`, `above the date before it, ${before}`, time);
    }
  });
  return times.map((time) => Math.min(time, expiry));
}

const nanoseconds = ({ seconds, nanos }: Duration): number => Number(seconds) * 1e9 + nanos;

function parseBounds(request: SimulateRequest, violations: Violations) {
  const { pathsMax = BigInt(simulationPathsDefault), targetError, timeBudget, reportInterval } = request;
  if (pathsMax < 1n || pathsMax > BigInt(simulationPathsMax)) {
    violations.reject('paths_max', `1 to ${simulationPathsMax}`, pathsMax);
  }
  if (targetError !== undefined && !(targetError > 0 && targetError < Infinity)) {
    violations.reject('target_error', 'above 0', targetError);
  }
  const budgetNs = timeBudget ? nanoseconds(timeBudget) : Infinity;
  if (!(budgetNs > 0)) violations.reject('time_budget', 'above 0', `${budgetNs} ns`);
  const reportNs = reportInterval ? nanoseconds(reportInterval) : reportNsDefault;
  if (!(reportNs >= reportNsMin)) violations.reject('report_interval', 'at least 10 ms', `${reportNs} ns`);
  // Without a target no standard error ends the run: even one of 0 is not below it.
  return { blocks: Math.ceil(Number(pathsMax) / blockPaths), targetError: targetError ?? -1, budgetNs, reportNs };
}
