// price-options: its kernels through the addon's pool, against NumPy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadHostAddon, type HostAddon } from '../src/daemon/devices/host-addon.js';
import { dividendYield, makeBook, rate, values, type Book } from './book.js';
import { needPython, openLinePeer, python, type LinePeer } from './programs.js';
import { inTurn, median, toRow, type Bench } from './row.js';

const rows = 1_000_000;
/** Half a millisecond to a millisecond of one thread, as the scheduler cuts a job of so many rows. */
const taskRows = 131_072;
const peerName = 'NumPy + SciPy ndtr';

type Precision = 'f64' | 'f32';
interface Sample {
  readonly ms: number;
  /** Sum of each value over all rows: both sides must agree. */
  readonly sums: readonly number[];
}

/** The largest difference of two sums, relative to their size: fp32 sums of NumPy and ours differ in the last digits of each row. */
const sumErrorMax = { f64: 1e-9, f32: 1e-4 };

export const kernelBenches: readonly Bench[] = (['f64', 'f32'] as const).map((precision) => ({
  name: `price-options-${precision}`,
  rows: () => compare(precision),
}));

async function* compare(precision: Precision): AsyncGenerator<ReturnType<typeof toRow>> {
  const book = makeBook(rows);
  const peer = openPeer(precision, book);
  const addon = loadHostAddon();
  try {
    for (const threads of new Set([availableParallelism(), 1])) {
      const ours = openOurs({ addon, precision, threads, book });
      await ours.run();
      await peer.run();
      const samples = await inTurn(ours.run, peer.run);
      ours.close();
      checkSums(precision, samples.ours[0]!, samples.peer[0]!);
      const rate = (list: readonly Sample[]) => rows / median(list.map(({ ms }) => ms)) / 1e3;
      yield toRow({
        name: `price-options-${precision}${threads === 1 ? '-one-thread' : ''}`,
        unit: 'million options/s, price + 5 Greeks',
        ours: rate(samples.ours),
        peer: rate(samples.peer),
        peerName,
        moreIsBetter: true,
      });
    }
  } finally {
    peer.close();
  }
}

function checkSums(precision: Precision, ours: Sample, peer: Sample): void {
  ours.sums.forEach((sum, index) => {
    const other = peer.sums[index]!;
    const isClose = Math.abs(sum - other) <= sumErrorMax[precision] * Math.abs(other);
    if (!isClose) throw new Error(`${precision}: value ${index} sums to ${sum}, the peer's to ${other}`);
  });
}

interface OursOptions {
  readonly addon: HostAddon;
  readonly precision: Precision;
  readonly threads: number;
  readonly book: Book;
}

function openOurs({ addon, precision, threads, book }: OursOptions) {
  const Column = precision === 'f64' ? Float64Array : Float32Array;
  const kernel = kernelOf(addon, `price-options-${precision}`);
  const number = (value: number) => Column.of(value);
  const column = (source: Float64Array) => Column.from(source);
  const inputs = [
    book.type,
    ...[book.spot, book.strike].map(column),
    ...[rate, dividendYield].map(number),
    ...[book.volatility, book.years].map(column),
  ];
  const { outputs: elements } = addon.kernels[kernel]!;
  const outputs = elements.map((_, index) => (index < values.length ? new Column(book.rows) : null));
  const pool = openPoolRun({ addon, kernel, threads, inputs, outputs, rows: book.rows });
  const run = async (): Promise<Sample> => {
    const ms = await pool.run();
    return { ms, sums: outputs.slice(0, values.length).map((values) => sumOf(values!)) };
  };
  return { run, close: pool.close };
}

export interface PoolRunOptions {
  readonly addon: HostAddon;
  readonly kernel: number;
  readonly threads: number;
  readonly inputs: readonly ArrayBufferView[];
  readonly outputs: readonly (ArrayBufferView | null)[];
  readonly rows: number;
}

/** Runs a kernel of options over all rows, cut as the scheduler cuts them, and returns the milliseconds. */
export function openPoolRun({ addon, kernel, threads, inputs, outputs, rows }: PoolRunOptions) {
  // OPTION_MODEL_BLACK_SCHOLES_MERTON.
  const params = new Uint8Array(Uint32Array.of(1).buffer);
  let left = 0;
  let finish = (): void => undefined;
  const pool = addon.openPool({ name: 'bench', threads, niceness: 0 }, () => {
    left -= 1;
    if (left === 0) finish();
  });
  const run = async (): Promise<number> => {
    const startedMs = performance.now();
    const finished = new Promise<void>((done) => (finish = done));
    for (let begin = 0; begin < rows; begin += taskRows) {
      left += 1;
      pool.submit(begin, kernel, params, inputs, outputs, begin, Math.min(begin + taskRows, rows));
    }
    await finished;
    return performance.now() - startedMs;
  };
  return { run, close: () => pool.close() };
}

export function kernelOf(addon: HostAddon, name: string): number {
  const kernel = addon.kernels.findIndex((known) => known.name === name);
  if (kernel < 0) throw new Error(`the addon has no kernel ${name}`);
  return kernel;
}

export function sumOf(column: Float64Array | Float32Array): number {
  let sum = 0;
  for (const value of column) sum += value;
  return sum;
}

function openPeer(precision: Precision, book: Book): LinePeer<Sample> {
  needPython(['numpy', 'scipy.special']);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const file = join(folder, 'book');
  const columns = [Float64Array.from(book.type), book.spot, book.strike, book.volatility, book.years];
  writeFileSync(file, Buffer.concat(columns.map((column) => new Uint8Array(column.buffer))));
  const script = fileURLToPath(new URL('prices_peer.py', import.meta.url));
  const peer = openLinePeer<Sample>(python, [script, file, book.rows, precision, rate, dividendYield].map(String));
  const close = () => {
    peer.close();
    rmSync(folder, { recursive: true });
  };
  return { run: peer.run, close };
}
