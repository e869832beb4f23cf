// Monte Carlo of one option, round by round. Definitions, units and ranges: proto/acceld/v1/simulate.proto.
import { catalog } from '../../gen/catalog.js';
import { Precision } from '../../gen/acceld/v1/execution.js';
import { OptionModel } from '../../gen/acceld/v1/option.js';
import {
  Averaging,
  BarrierKind,
  SimulateRequest,
  StopReason,
  type SimulateResponse,
} from '../../gen/acceld/v1/simulate.js';
import { Fault } from '../base/fault.js';
import { noRoom, type Execution, type Plan, type Result } from '../base/plan.js';
import { numbersIn } from './columns.js';
import {
  addBlocks,
  controlled,
  estimateOf,
  noSums,
  samplesOf,
  sumCount,
  type Estimate,
  type Sums,
} from './estimate.js';
import {
  blockPaths,
  closedFormKernel,
  controlForm,
  discountedForward,
  packParams,
  scaleOf,
  stepTimes,
  withFirstBlock,
  type Simulation,
} from './monte-carlo.js';
import type { RoundsOperation, Standing } from './operation.js';
import { parseSimulation } from './simulation-request.js';

export interface Job {
  readonly execution: Execution;
  readonly simulation: Simulation;
  readonly params: Uint8Array<ArrayBuffer>;
  readonly steps: number;
  readonly blocks: number;
  readonly targetError: number;
  readonly budgetNs: number;
  readonly reportNs: number;
}

interface Progress {
  readonly sums: Sums;
  readonly controlMean: number;
}

/** Fewer paths can all pay nothing by chance, and would look like an answer without error. */
const targetPathsMin = 65_536;

function parse(request: SimulateRequest): Job {
  const { execution, simulation, ...bounds } = parseSimulation(request);
  return { execution, simulation, params: packParams(simulation), steps: stepTimes(simulation).length, ...bounds };
}

/** The control's mean, where a closed formula gives it: one row of the pricing kernel. */
function prepare({ execution, simulation }: Job): Plan | undefined {
  const form = simulation.controlVariate ? controlForm(simulation) : undefined;
  if (!form) return undefined;
  const numbers = [form.forward, form.strike, form.rate, form.rate, form.volatility, form.years];
  return {
    execution: { ...execution, precision: Precision.PRECISION_F64 },
    kernel: closedFormKernel,
    params: new Uint8Array(Uint32Array.of(OptionModel.OPTION_MODEL_BLACK_76).buffer),
    rows: 1,
    rowUnits: 1,
    inputs: [Uint8Array.of(simulation.option), ...numbers.map((number) => Float64Array.of(number))],
    outputs: [true, ...new Array<boolean>(8).fill(false)],
    room: noRoom,
  };
}

function round({ execution, simulation, params, steps }: Job, first: number, rows: number): Plan {
  const { controlVariate, greeks } = simulation;
  const wanted = [true, true, controlVariate, controlVariate, controlVariate, greeks, greeks, greeks, greeks];
  return {
    execution,
    kernel: 'simulate-f32',
    params: withFirstBlock(params, first),
    rows,
    rowUnits: blockPaths * steps,
    inputs: [],
    outputs: Array.from({ length: 2 * sumCount }, (_, index) => wanted[index >> 1]!),
    room: noRoom,
  };
}

function price({ simulation }: Job, { sums, controlMean }: Progress): Estimate {
  const samples = samplesOf(sums, simulation.antithetic);
  const scale = scaleOf(simulation);
  const estimate = simulation.controlVariate
    ? controlled(sums, samples, controlMean * scale)
    : estimateOf(sums.values[0]!, sums.values[1]!, samples);
  return { mean: estimate.mean / scale, standardError: estimate.standardError / scale };
}

function stopReason(job: Job, progress: Progress, standing: Standing): StopReason {
  const paths = progress.sums.blocks * blockPaths;
  if (paths >= targetPathsMin && price(job, progress).standardError <= job.targetError) {
    return StopReason.STOP_REASON_TARGET_ERROR;
  }
  if (progress.sums.blocks >= job.blocks) return StopReason.STOP_REASON_PATHS;
  if (standing.isHeld) return StopReason.STOP_REASON_ALLOWANCE;
  if (standing.elapsedNs >= job.budgetNs) return StopReason.STOP_REASON_TIME_BUDGET;
  return standing.isDeadlineNear ? StopReason.STOP_REASON_DEADLINE : StopReason.STOP_REASON_UNSPECIFIED;
}

function greeksOf({ simulation }: Job, { sums }: Progress): Partial<SimulateResponse> {
  if (!simulation.greeks) return {};
  const samples = samplesOf(sums, simulation.antithetic);
  const delta = estimateOf(sums.values[5]!, sums.values[6]!, samples);
  const vega = estimateOf(sums.values[7]!, sums.values[8]!, samples);
  const scale = scaleOf(simulation);
  return {
    delta: delta.mean,
    deltaStandardError: delta.standardError,
    vega: vega.mean / scale,
    vegaStandardError: vega.standardError / scale,
  };
}

function firstNumber(prepared: Result | undefined): number | undefined {
  const bytes = prepared?.outputs[0];
  return bytes ? numbersIn(bytes, Precision.PRECISION_F64)[0] : undefined;
}

const goldenDates = Array.from({ length: 9 }, (_, date) => (date * date) / 50);

/** Every payoff, with and without what a request may ask for beside the price. */
const goldenPayoffs: readonly SimulateRequest['payoff'][] = [
  { $case: 'european', value: {} },
  { $case: 'asian', value: { averaging: Averaging.AVERAGING_ARITHMETIC, fixingYears: goldenDates } },
  { $case: 'asian', value: { averaging: Averaging.AVERAGING_GEOMETRIC, fixingYears: goldenDates } },
  {
    $case: 'barrier',
    value: { kind: BarrierKind.BARRIER_KIND_UP_AND_OUT, barrier: 130, rebate: 2, monitoringYears: goldenDates },
  },
  {
    $case: 'barrier',
    value: { kind: BarrierKind.BARRIER_KIND_DOWN_AND_IN, barrier: 80, rebate: 1, monitoringYears: goldenDates },
  },
];

function golden(): readonly SimulateRequest[] {
  return goldenPayoffs.flatMap((payoff, index) =>
    [false, true].map((isRich) =>
      SimulateRequest.fromPartial({
        type: 1 + (index % 2),
        spot: 100,
        strike: 103,
        rate: 0.03,
        dividendYield: 0.01,
        volatility: 0.3,
        yearsToExpiry: 1.5,
        payoff,
        seed: 0x9e3779b97f4a7c15n,
        pathsMax: 16n * 1024n,
        antithetic: isRich,
        controlVariate: isRich,
        greeks: isRich,
      }),
    ),
  );
}

const operation: RoundsOperation<SimulateRequest, Job, Progress, SimulateResponse> = {
  method: catalog.pricing.simulate,
  parse,
  prepare,
  begin: ({ simulation }, prepared) => ({
    sums: noSums,
    controlMean: firstNumber(prepared) ?? discountedForward(simulation),
  }),
  rows: ({ blocks }) => blocks,
  round,
  absorb: (progress, { outputs, notFinite }, rows) => {
    if (notFinite) throw new Fault('PRECISION_EXCEEDED', 'the sums of the simulation leave the range of fp32');
    return { ...progress, sums: addBlocks(progress.sums, outputs, rows) };
  },
  isDone: (job, progress, standing) => stopReason(job, progress, standing) !== StopReason.STOP_REASON_UNSPECIFIED,
  golden,
  reportNs: ({ reportNs }) => reportNs,
  budgetNs: ({ budgetNs }) => budgetNs,
  report: (job, progress, standing, receipt) => {
    const { blocks } = progress.sums;
    const { seed } = job.simulation;
    const { mean, standardError } = blocks > 0 ? price(job, progress) : { mean: 0, standardError: 0 };
    return {
      estimate: mean,
      standardError,
      paths: blocks * blockPaths,
      seed,
      elapsedNs: Math.round(standing.elapsedNs),
      ...(blocks > 0 ? greeksOf(job, progress) : {}),
      stopReason: receipt && blocks > 0 ? stopReason(job, progress, standing) : StopReason.STOP_REASON_UNSPECIFIED,
      receipt: receipt && { ...receipt, seed },
    };
  },
};

export const simulate = operation;
