// The demo's last part: an option without a formula, by Monte Carlo, with its error.
import { Averaging, OptionType, type Client } from '../client/index.js';
import { CommandFailure } from './failure.js';
import { plot } from './plot.js';
import { duration, receiptLine } from './show.js';
import { estimateText, watch, type SimulateRequest } from './simulate.js';
import type { Terminal } from './terminal.js';

export interface Market {
  readonly spot: number;
  readonly rate: number;
  readonly dividendYield: number;
  readonly volatility: number;
}

const fixings = 252;
const pathsMax = 2 ** 24;
/** Points of the index: some 10 million paths, 4 s on two cores. */
const targetError = 0.004;
/** Often enough for a plot of the first second. */
const reportMs = 25;
/** A machine ten times slower still ends with its best answer. */
const timeBudgetSeconds = 20n;

export async function runSimulation(
  { client, signal }: { readonly client: Client; readonly signal: AbortSignal },
  market: Market,
  terminal: Terminal,
): Promise<void> {
  const fixingYears = Array.from({ length: fixings }, (_, index) => (index + 1) / fixings);
  const request: SimulateRequest = {
    type: OptionType.OPTION_TYPE_CALL,
    strike: market.spot,
    yearsToExpiry: 1,
    ...market,
    payoff: { $case: 'asian', value: { averaging: Averaging.AVERAGING_ARITHMETIC, fixingYears } },
    controlVariate: true,
    pathsMax: BigInt(pathsMax),
    targetError,
    timeBudget: { seconds: timeBudgetSeconds },
    reportInterval: { nanos: reportMs * 1e6 },
  };
  terminal.out(`Arithmetic Asian call at the money, ${fixings} daily fixings over a year, `);
  terminal.out(`volatility ${(100 * market.volatility).toFixed(1)} %, to a standard error of ${targetError}:\n\n`);
  const messages = await watch({ client, request, options: { signal } }, terminal);
  const last = messages.at(-1)!;
  const points = messages.map(({ paths, estimate, standardError }) => {
    return { label: paths.toLocaleString('en'), estimate, standardError };
  });
  terminal.out(`${plot(points)}\n${estimateText(last)} in ${duration(last.elapsedNs)}\n`);
  terminal.out(`${receiptLine(last.receipt!)}\n`);
  if (!(last.standardError > 0 && last.estimate > 0)) throw new CommandFailure('the simulation has no estimate');
}
