// `acceld demo`: the main job on real data, from bars to a checked chain, through a daemon of its own.
import { readFileSync } from 'node:fs';
import { connect, OptionModel, OptionType, OptionValue, type Client, type Receipt } from '../client/index.js';
import { parseBars, volatility, type Bar } from './bars.js';
import { runSimulation } from './demo-simulation.js';
import { recoverVolatility } from './demo-volatility.js';
import { CommandFailure } from './failure.js';
import { withPrivateDaemon } from './private-daemon.js';
import { receiptLine } from './show.js';
import { table, type Terminal } from './terminal.js';

const barsFile = new URL('../../examples/sp500-2000.csv', import.meta.url);

const strikesCount = 1_000;
/** Points between two strikes of S&P 500 index options. */
const strikeStep = 5;
const expiryDays = [7, 30, 60, 91, 182, 273, 365, 547, 730];
/** The bars hold no rates: these are the demo's own. */
const rate = 0.0025;
const dividendYield = 0.02;
const daysPerYear = 365;
const repeats = 5;
/** Prices reach 2,500 points, where a double's last place is 5e-13. */
const parityMax = 1e-9;

const values = [
  OptionValue.OPTION_VALUE_PRICE,
  OptionValue.OPTION_VALUE_DELTA,
  OptionValue.OPTION_VALUE_GAMMA,
  OptionValue.OPTION_VALUE_VEGA,
  OptionValue.OPTION_VALUE_THETA,
  OptionValue.OPTION_VALUE_RHO,
];

/** Rows: for each expiry each strike, first every call, then every put. */
interface Chain {
  readonly spot: number;
  readonly type: Uint8Array;
  readonly strike: Float64Array;
  readonly volatility: Float64Array;
  readonly yearsToExpiry: Float64Array;
}

type Column = Float64Array;
type Greeks = Readonly<Record<'price' | 'delta' | 'gamma' | 'vega' | 'theta', Column>>;

export async function runDemo(terminal: Terminal): Promise<void> {
  const bars = parseBars(readFileSync(barsFile, 'utf8'));
  const chain = chainOf(bars);
  printBars(bars, terminal);
  await withPrivateDaemon(terminal.environment, async (socket, signal) => {
    const client = connect({ socket });
    try {
      const { greeks, receipt, medianMs } = await priceRepeatedly(client, chain, signal);
      printChain(chain, greeks, terminal);
      const count = chain.strike.length;
      const rows = count.toLocaleString('en');
      const perSecond = Math.round(count / (medianMs / 1e3)).toLocaleString('en');
      terminal.out(`${rows} options with ${values.length} values each in ${medianMs.toFixed(1)} ms: `);
      terminal.out(`${perSecond} options/s (median of ${repeats}, the same bits each time)\n`);
      terminal.out(`${receiptLine(receipt)}\n`);
      const residual = parityResidual(chain, greeks.price);
      if (!(residual <= parityMax)) throw new CommandFailure(`put-call parity is broken by ${residual} points`);
      terminal.out(`Put-call parity holds: worst residual ${residual.toExponential(1)} points of ${chain.spot}\n`);
      const market = { spot: chain.spot, rate, dividendYield };
      await recoverVolatility(client, { ...chain, ...market, price: greeks.price }, terminal);
      await runSimulation({ client, signal }, { ...market, volatility: volatility(bars, 252) }, terminal);
    } finally {
      client.close();
    }
  });
}

function chainOf(bars: readonly Bar[]): Chain {
  const spot = bars.at(-1)!.close;
  const lowest = Math.round(spot / strikeStep) * strikeStep - (strikesCount / 2) * strikeStep;
  const half = strikesCount * expiryDays.length;
  const expiryOf = (row: number) => expiryDays[Math.floor((row % half) / strikesCount)]!;
  const column = (value: (row: number) => number) => Float64Array.from({ length: 2 * half }, (_, row) => value(row));
  const volatilities = new Map(expiryDays.map((days) => [days, volatility(bars, daysOfReturns(days))]));
  return {
    spot,
    type: new Uint8Array(2 * half).fill(OptionType.OPTION_TYPE_CALL).fill(OptionType.OPTION_TYPE_PUT, half),
    strike: column((row) => lowest + (row % strikesCount) * strikeStep),
    volatility: column((row) => volatilities.get(expiryOf(row))!),
    yearsToExpiry: column((row) => expiryOf(row) / daysPerYear),
  };
}

/** A month, a quarter or a year of returns, whichever is nearest to the option's life. */
const daysOfReturns = (days: number): number => (days <= 45 ? 21 : days <= 182 ? 63 : 252);

interface Measured {
  readonly greeks: Greeks;
  readonly receipt: Receipt;
  readonly medianMs: number;
}

async function priceRepeatedly(client: Client, chain: Chain, signal: AbortSignal): Promise<Measured> {
  const model = OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON;
  const request = { model, values, rate, dividendYield, ...chain };
  const times: number[] = [];
  const replies: Awaited<ReturnType<Client['pricing']['priceOptions']>>[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const started = performance.now();
    replies.push(await client.pricing.priceOptions(request, { signal }));
    times.push(performance.now() - started);
  }
  const first = replies[0]!;
  const { price, delta, gamma, vega, theta, receipt } = first;
  const isSame = (column: Column, index: number) => Buffer.compare(bitsOf(column), bitsOf(replies[index]!.price)) === 0;
  if (!replies.every((_, index) => isSame(price as Column, index))) {
    throw new CommandFailure('the same request gave different bits');
  }
  times.sort((a, b) => a - b);
  return { greeks: { price, delta, gamma, vega, theta } as Greeks, receipt, medianMs: times[repeats >> 1]! };
}

const bitsOf = (column: unknown): Buffer => Buffer.from((column as Column).buffer);

/** The largest |C - P - (S e^(-qT) - K e^(-rT))|. */
function parityResidual({ spot, strike, yearsToExpiry }: Chain, price: Column): number {
  const half = strike.length / 2;
  const residuals = strike.subarray(0, half).map((each, row) => {
    const years = yearsToExpiry[row]!;
    const forward = spot * Math.exp(-dividendYield * years) - each * Math.exp(-rate * years);
    return Math.abs(price[row]! - price[row + half]! - forward);
  });
  return residuals.reduce((worst, each) => Math.max(worst, each), 0);
}

function printBars(bars: readonly Bar[], terminal: Terminal): void {
  const [first, last] = [bars[0]!, bars.at(-1)!];
  terminal.out(`S&P 500: ${bars.length.toLocaleString('en')} daily bars from ${first.date} to ${last.date}, `);
  terminal.out(`last close ${last.close.toFixed(2)}\n\n`);
  const rows = [21, 63, 252].map((days) => [String(days), `${(100 * volatility(bars, days)).toFixed(1)} %`]);
  terminal.out(`${table({ head: ['last days', 'volatility'], rows, numbersFrom: 0 }, terminal)}\n`);
  terminal.out(`Assumed: rate ${100 * rate} %, dividend yield ${100 * dividendYield} %\n\n`);
}

/** Three strikes around the money for each expiry. */
function printChain(chain: Chain, greeks: Greeks, terminal: Terminal): void {
  const half = chain.strike.length / 2;
  const number = (column: Column, row: number, digits: number) => column[row]!.toFixed(digits);
  const rowOf = (days: number, offset: number) => {
    const row = expiryDays.indexOf(days) * strikesCount + strikesCount / 2 + offset * 20;
    return [
      String(days),
      `${(100 * chain.volatility[row]!).toFixed(1)} %`,
      number(chain.strike, row, 0),
      ...[row, row + half].flatMap((each) => [number(greeks.price, each, 2), number(greeks.delta, each, 4)]),
      number(greeks.gamma, row, 6),
      (greeks.vega[row]! / 100).toFixed(3),
      (greeks.theta[row]! / daysPerYear).toFixed(3),
    ];
  };
  const head = ['days', 'volatility', 'strike', 'call', 'delta', 'put', 'delta', 'gamma', 'vega/%', 'theta/day'];
  const rows = expiryDays.flatMap((days) => [-1, 0, 1].map((offset) => rowOf(days, offset)));
  terminal.out(`${table({ head, rows, numbersFrom: 0 }, terminal)}\n`);
}
