// implied-volatility: its kernel through the addon's pool, against QuantLib.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadHostAddon, type HostAddon } from '../src/daemon/devices/host-addon.js';
import { dividendYield, makeSolvableBook, rate, type Book } from './book.js';
import { kernelOf, openPoolRun, sumOf } from './kernel-rows.js';
import { builtProgram, openLinePeer } from './programs.js';
import { inTurn, median, toRow, type Bench, type Row } from './row.js';

const rows = 1_000_000;
/** Relative: QuantLib stops at 1e-12 of the deviation, and each row differs by the digits that its price carries. */
const sumErrorMax = 1e-9;

export const volatilityBenches: readonly Bench[] = [{ name: 'implied-volatility', rows: impliedVolatility }];

async function* impliedVolatility(): AsyncGenerator<Row> {
  const program = builtProgram('volatility_peer', 'quantlib', 'libquantlib0-dev');
  const addon = loadHostAddon();
  const book = makeSolvableBook(rows);
  const price = await pricesOf(addon, book);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const file = join(folder, 'book');
  const columns = [Float64Array.from(book.type), book.spot, book.strike, price, book.years];
  writeFileSync(file, Buffer.concat(columns.map((column) => new Uint8Array(column.buffer))));
  const peer = openLinePeer<{ ms: number; sum: number }>(program, [file, rows, rate, dividendYield].map(String));
  try {
    await peer.run();
    for (const threads of new Set([availableParallelism(), 1])) {
      const [volatility, status] = [new Float64Array(rows), new Float64Array(rows)];
      const inputs = [book.type, book.spot, book.strike, ...rates(), book.years, price];
      const kernel = kernelOf(addon, 'implied-volatility-f64');
      const ours = openPoolRun({ addon, kernel, threads, inputs, outputs: [volatility, status], rows });
      await ours.run();
      const samples = await inTurn(async () => ({ ms: await ours.run(), sum: sumOf(volatility) }), peer.run);
      ours.close();
      const [mine, theirs] = [samples.ours[0]!.sum, samples.peer[0]!.sum];
      if (!(Math.abs(mine / theirs - 1) < sumErrorMax)) throw new Error(`volatilities sum to ${mine}, not ${theirs}`);
      const rate = (list: readonly { ms: number }[]) => rows / median(list.map(({ ms }) => ms)) / 1e3;
      yield toRow({
        name: `implied-volatility${threads === 1 ? '-one-thread' : ''}`,
        unit: 'million options/s',
        ours: rate(samples.ours),
        peer: rate(samples.peer),
        peerName: 'QuantLib in C++, one thread, accuracy 1e-12',
        moreIsBetter: true,
      });
    }
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
}

const rates = () => [rate, dividendYield].map((value) => Float64Array.of(value));

async function pricesOf(addon: HostAddon, { type, spot, strike, volatility, years }: Book): Promise<Float64Array> {
  const price = new Float64Array(rows);
  const kernel = kernelOf(addon, 'price-options-f64');
  const inputs = [type, spot, strike, ...rates(), volatility, years];
  const outputs = addon.kernels[kernel]!.outputs.map((_, index) => (index === 0 ? price : null));
  const pool = openPoolRun({ addon, kernel, threads: 1, inputs, outputs, rows });
  await pool.run();
  pool.close();
  return price;
}
