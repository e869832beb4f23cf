// The demo's prices back to the volatilities that they were made from.
import { OptionModel, VolatilityStatus, type Client } from '../client/index.js';
import { CommandFailure } from './failure.js';
import { duration, wordOf } from './show.js';
import { table, type Terminal } from './terminal.js';

export interface Quotes {
  readonly spot: number;
  readonly rate: number;
  readonly dividendYield: number;
  readonly type: Uint8Array;
  readonly strike: Float64Array;
  readonly yearsToExpiry: Float64Array;
  readonly price: Float64Array;
  /** What the prices were made from. */
  readonly volatility: Float64Array;
}

/** Half of the answers are far better; a worse median means that the two kernels do not fit together. */
const medianErrorMax = 1e-9;

export async function recoverVolatility(client: Client, quotes: Quotes, terminal: Terminal): Promise<void> {
  const { volatility: made, ...columns } = quotes;
  const started = performance.now();
  const reply = await client.pricing.impliedVolatility({
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    ...columns,
  });
  const elapsedNs = (performance.now() - started) * 1e6;
  const found = reply.volatility as Float64Array;
  const words = Array.from(reply.status as Uint8Array, (code, row) => wordFor(code, found[row]!));
  const errors = [...made]
    .map((each, row) => Math.abs(found[row]! - each))
    .filter((_, row) => words[row] === 'ok')
    .sort((a, b) => a - b);
  const [median = NaN, worst = NaN] = [errors[errors.length >> 1], errors.at(-1)];
  terminal.out(`\nImplied volatility of the same ${made.length.toLocaleString('en')} prices `);
  terminal.out(`in ${duration(elapsedNs)}: where it is known, the error is ${median.toExponential(1)} `);
  terminal.out(`in the median and ${worst.toExponential(1)} at worst\n\n`);
  const rows = [...new Set(words)].map((word) => [
    word,
    words.filter((each) => each === word).length.toLocaleString('en'),
  ]);
  terminal.out(`${table({ head: ['status', 'options'], rows, numbersFrom: 1 }, terminal)}\n`);
  if (!(median <= medianErrorMax)) throw new CommandFailure(`the volatilities come back wrong by ${median}`);
}

/** A price exactly at its lower bound is answered with 0, and would fit many small volatilities as well. */
function wordFor(code: VolatilityStatus, found: number): string {
  if (code === VolatilityStatus.VOLATILITY_STATUS_OK && found === 0) return 'at the lower bound';
  return wordOf(VolatilityStatus[code] ?? '', 'VOLATILITY_STATUS_').replaceAll('-', ' ');
}
