// price-options: the kernels through the addon's pool, against NumPy.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { loadHostAddon, type HostAddon } from '../src/daemon/devices/host-addon.js';
import { dividendYield, makeBook, rate, values, type Book } from './book.js';
import { inTurn, median, toRow, type Bench } from './row.js';

const rows = 1_000_000;
/** The SDK's messages have as many. */
const taskRows = 16_384;
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
      await peer?.run();
      const samples = await inTurn(ours.run, peer?.run);
      ours.close();
      if (peer) checkSums(precision, samples.ours[0]!, samples.peer[0]!);
      const rate = (list: readonly Sample[]) => rows / median(list.map(({ ms }) => ms)) / 1e3;
      yield toRow({
        name: `price-options-${precision}${threads === 1 ? '-one-thread' : ''}`,
        unit: 'million options/s, price + 5 Greeks',
        ours: rate(samples.ours),
        peer: peer && rate(samples.peer),
        peerName,
        moreIsBetter: true,
      });
    }
  } finally {
    peer?.close();
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
  const kernel = addon.kernels.findIndex(({ name }) => name === `price-options-${precision}`);
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
  const params = new Uint8Array(Uint32Array.of(1).buffer);
  let left = 0;
  let finish = (): void => undefined;
  const pool = addon.openPool({ name: 'bench', threads, niceness: 0 }, () => {
    left -= 1;
    if (left === 0) finish();
  });
  const run = async (): Promise<Sample> => {
    const startedMs = performance.now();
    const finished = new Promise<void>((done) => (finish = done));
    for (let begin = 0; begin < book.rows; begin += taskRows) {
      left += 1;
      pool.submit(begin, kernel, params, inputs, outputs, begin, Math.min(begin + taskRows, book.rows));
    }
    await finished;
    const ms = performance.now() - startedMs;
    return { ms, sums: outputs.slice(0, values.length).map((values) => sumOf(values!)) };
  };
  return { run, close: () => pool.close() };
}

function sumOf(column: Float64Array | Float32Array): number {
  let sum = 0;
  for (const value of column) sum += value;
  return sum;
}

function openPeer(precision: Precision, book: Book) {
  // Debian's own Python has Debian's NumPy, whichever Python comes first on the path.
  const python = process.platform === 'linux' ? '/usr/bin/python3' : 'python3';
  if (spawnSync(python, ['-c', 'import numpy, scipy.special']).status !== 0) {
    console.error(
      `missing: python3-numpy, python3-scipy (npm run setup installs them): no peer for price-options-${precision}`,
    );
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const file = join(folder, 'book');
  const columns = [Float64Array.from(book.type), book.spot, book.strike, book.volatility, book.years];
  writeFileSync(file, Buffer.concat(columns.map((column) => new Uint8Array(column.buffer))));
  const script = fileURLToPath(new URL('prices_peer.py', import.meta.url));
  const args = [script, file, book.rows, precision, rate, dividendYield].map(String);
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'], env: withoutBlasSettings() });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const run = async (): Promise<Sample> => {
    child.stdin.write('run\n');
    const line = await lines.next();
    if (line.done) throw new Error('the NumPy peer ended early');
    return JSON.parse(line.value) as Sample;
  };
  const close = () => {
    child.stdin.end();
    rmSync(folder, { recursive: true });
  };
  return { run, close };
}

/** A BLAS that is told which core it runs on would not be the one that users have. */
const withoutBlasSettings = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')));
