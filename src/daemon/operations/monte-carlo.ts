// From a simulation's numbers to the parameter block of its kernel. Layout, scaling and meaning: native/kernels/simulate.h.

/** Paths in a block, which is a row of the kernel: kSimulateBlockPaths. */
export const blockPaths = 1024;

export type Payoff =
  | { readonly kind: 'european' }
  | { readonly kind: 'arithmetic-asian' | 'geometric-asian'; readonly times: readonly number[] }
  | {
      readonly kind: 'barrier';
      /** Code of BarrierKind. */
      readonly barrierKind: number;
      readonly level: number;
      readonly rebate: number;
      readonly times: readonly number[];
    };

/** One option and how to simulate it. Rates and volatility per year, times in years. */
export interface Simulation {
  /** Code of OptionType. */
  readonly option: number;
  readonly spot: number;
  readonly strike: number;
  readonly rate: number;
  readonly dividendYield: number;
  readonly volatility: number;
  readonly years: number;
  readonly payoff: Payoff;
  readonly seed: bigint;
  readonly antithetic: boolean;
  readonly controlVariate: boolean;
  readonly greeks: boolean;
}

const payoffCodes = { european: 1, 'arithmetic-asian': 2, 'geometric-asian': 3, barrier: 4 } as const;
const headerBytes = 80;
const stepBytes = 36;
/** Offset of first_block, which differs from round to round. */
const firstBlockOffset = 8;

/** Bumps of a barrier option's Greeks: 0.4 % of the spot, 1.6 % of the volatility. Smaller ones drown in fp32 rounding. */
const spotBump = 2 ** -8;
const volatilityBump = 2 ** -6;

/** The kernel wants the spot from 1 to 2. A power of two changes no digit of a price. */
export const scaleOf = ({ spot }: Simulation): number => 2 ** -Math.floor(Math.log2(spot));

/** Dates of the steps: those of the payoff, and the expiry where something is read there. */
export function stepTimes({ payoff, years, controlVariate, greeks }: Simulation): readonly number[] {
  if (payoff.kind === 'european') return [years];
  const readsExpiry = payoff.kind === 'barrier' || controlVariate || greeks;
  return readsExpiry && payoff.times.at(-1)! < years ? [...payoff.times, years] : payoff.times;
}

/** The whole block for round 0. */
export function packParams(simulation: Simulation): Uint8Array<ArrayBuffer> {
  const times = stepTimes(simulation);
  const bytes = new Uint8Array(headerBytes + times.length * stepBytes);
  const view = new DataView(bytes.buffer);
  packHeader(view, simulation);
  times.forEach((time, index) => {
    const step = new DataView(bytes.buffer, headerBytes + index * stepBytes, stepBytes);
    packStep(step, simulation, { time, before: times[index - 1] ?? 0, index });
  });
  return bytes;
}

export function withFirstBlock(params: Uint8Array<ArrayBuffer>, block: number): Uint8Array<ArrayBuffer> {
  const copy = params.slice();
  new DataView(copy.buffer).setBigUint64(firstBlockOffset, BigInt(block), true);
  return copy;
}

function packHeader(view: DataView, simulation: Simulation): void {
  const { payoff, option, strike, rate, years, greeks, volatility } = simulation;
  const scale = scaleOf(simulation);
  const spot = simulation.spot * scale;
  const barrier = payoff.kind === 'barrier' ? payoff : undefined;
  view.setBigUint64(0, simulation.seed, true);
  const codes = [payoffCodes[payoff.kind], option, barrier?.barrierKind ?? 0, simulation.antithetic ? 1 : 0];
  codes.forEach((code, index) => view.setUint32(16 + 4 * index, code, true));
  const [spotUp, spotDown] = [spot * (1 + spotBump), spot * (1 - spotBump)];
  const distance = (from: number): number => {
    if (!barrier) return 0;
    const log = Math.log2((barrier.level * scale) / from);
    return barrier.barrierKind < 3 ? log : -log;
  };
  const deltaScale = 1 / (spotUp - spotDown);
  const vegaScale = barrier ? 1 / (2 * volatilityBump * volatility) : Math.LN2 / volatility;
  const numbers = [
    spot,
    strike * scale,
    Math.exp(-rate * years),
    (barrier?.rebate ?? 0) * scale,
    distance(spot),
    distance(spotUp),
    distance(spotDown),
    spotUp,
    spotDown,
    greeks ? deltaScale : 0,
    greeks ? vegaScale : 0,
    greeks ? headerScore(simulation) : 0,
  ];
  numbers.forEach((number, index) => view.setFloat32(32 + 4 * index, number, true));
}

/** (rate - yield + volatility^2 / 2) * years / volatility: what pathwise vega subtracts. */
const scoreAt = ({ rate, dividendYield, volatility }: Simulation, time: number): number =>
  ((rate - dividendYield + 0.5 * volatility * volatility) * time) / volatility;

function headerScore(simulation: Simulation): number {
  const { payoff, years } = simulation;
  if (payoff.kind === 'european') return scoreAt(simulation, years);
  return payoff.kind === 'geometric-asian' ? scoreAt(simulation, mean(payoff.times)) : 0;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Step {
  readonly time: number;
  readonly before: number;
  readonly index: number;
}

function packStep(view: DataView, simulation: Simulation, { time, before, index }: Step): void {
  const { payoff, volatility, rate, greeks } = simulation;
  const isDate = payoff.kind !== 'european' && index < payoff.times.length;
  const isFixing = isDate && payoff.kind !== 'barrier';
  const move = (at: number): readonly [drift: number, deviation: number] => moveOf(simulation, at, time - before);
  const numbers = [
    ...move(volatility),
    isFixing ? 1 / payoff.times.length : 0,
    isFixing && greeks ? scoreAt(simulation, time) : 0,
    isDate && payoff.kind === 'barrier' ? Math.exp(-rate * time) : 0,
    ...move(volatility * (1 + volatilityBump)),
    ...move(volatility * (1 - volatilityBump)),
  ];
  numbers.forEach((number, place) => view.setFloat32(4 * place, number, true));
}

/** Growth of log2 of the price over a step. */
function moveOf({ rate, dividendYield }: Simulation, volatility: number, time: number): readonly [number, number] {
  const drift = ((rate - dividendYield - 0.5 * volatility * volatility) * time) / Math.LN2;
  return [drift, (volatility * Math.sqrt(time)) / Math.LN2];
}

/** The kernel that evaluates a ClosedForm, as Black-76. */
export const closedFormKernel = 'price-options-f64';

/** The control variate's known mean as a price that a closed formula gives; without one, the discounted forward. */
export interface ClosedForm {
  readonly forward: number;
  readonly strike: number;
  readonly rate: number;
  readonly volatility: number;
  readonly years: number;
}

/** Of the arithmetic Asian the geometric one, of a barrier the European: options on a lognormal forward both. */
export function controlForm(simulation: Simulation): ClosedForm | undefined {
  const { payoff, spot, strike, rate, dividendYield, volatility, years } = simulation;
  if (payoff.kind === 'barrier') {
    return { forward: spot * Math.exp((rate - dividendYield) * years), strike, rate, volatility, years };
  }
  if (payoff.kind !== 'arithmetic-asian') return undefined;
  const { times } = payoff;
  const drift = (rate - dividendYield - 0.5 * volatility * volatility) * mean(times);
  const variance =
    (volatility / times.length) ** 2 *
    times.reduce((sum, time, index) => sum + time * (2 * (times.length - index) - 1), 0);
  const forward = spot * Math.exp(drift + 0.5 * variance);
  return { forward, strike, rate, volatility: years > 0 ? Math.sqrt(variance / years) : 0, years };
}

export const discountedForward = ({ spot, dividendYield, years }: Simulation): number =>
  spot * Math.exp(-dividendYield * years);
