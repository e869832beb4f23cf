// Columns in shared memory against columns in messages, and against the kernel alone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from '../src/client/index.js';
import { PriceOptionsRequest } from '../src/gen/acceld/v1/price_options.js';
import type { RegionSlice, Tensor } from '../src/gen/acceld/v1/tensor.js';
import { catalog } from '../src/gen/catalog.js';
import { loadHostAddon } from '../src/daemon/devices/host-addon.js';
import { dividendYield, makeBook, rate, requestBytes, values, type Book } from './book.js';
import { kernelOf, openPoolRun } from './kernel-rows.js';
import { runLoad } from './load-client.js';
import { needPython, openLinePeer, python } from './programs.js';
import { inTurn, median, toRow, type Bench, type Row } from './row.js';
import { startDaemon } from './servers.js';

/** 64 MB of columns in one request, where messages take eighty. */
const rows = 1_310_720;
const inlineRows = 16_384;
const inlineInFlight = 4;
/** Calls on the region within a measurement: one takes 10 ms, of which starting the client must not be a part. */
const regionCalls = 4;
/** A device takes a column without a copy from the start of a page. */
const pageBytes = 16_384;

const peerName = 'the same rows in messages that were encoded before';

interface Sample {
  readonly copyMs: number;
  readonly callMs: number;
}

export const regionBenches: readonly Bench[] = [{ name: 'region', rows: regionRows }];

interface Column {
  readonly field: keyof PriceOptionsRequest;
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly dtype: number;
}

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function columnsOf(book: Book): Column[] {
  const numbers = (field: Column['field'], column: Float64Array): Column => ({
    field,
    bytes: bytesOf(column),
    size: 8,
    dtype: 1,
  });
  return [
    { field: 'type', bytes: book.type, size: 1, dtype: 3 },
    numbers('spot', book.spot),
    numbers('strike', book.strike),
    numbers('rate', new Float64Array(rows).fill(rate)),
    numbers('dividendYield', new Float64Array(rows).fill(dividendYield)),
    numbers('volatility', book.volatility),
    numbers('yearsToExpiry', book.years),
  ];
}

/** Where each column begins in the region, and where what follows them does. */
function layOut(columns: readonly { bytes: { length: number } }[]): { offsets: number[]; end: number } {
  let end = 0;
  const offsets = columns.map(({ bytes }) => {
    const offset = end;
    end += Math.ceil(bytes.length / pageBytes) * pageBytes;
    return offset;
  });
  return { offsets, end };
}

async function* regionRows(): AsyncGenerator<Row> {
  needPython(['numpy']);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const daemon = await startDaemon(folder, false);
  const client = connect({ socket: daemon.socket });
  const book = makeBook(rows);
  const columns = columnsOf(book);
  const inputs = layOut(columns);
  const outputNames = ['price', 'delta', 'gamma', 'vega', 'theta', 'rho', 'undefined'];
  const outputs = layOut(outputNames.map((name) => ({ bytes: { length: rows * (name === 'undefined' ? 4 : 8) } })));
  try {
    const { regionId, token, descriptorSocket } = await client.memory.createRegion({ bytes: inputs.end + outputs.end });
    const slice = (offset: number, bytes: number): RegionSlice => ({ regionId, token, offset, bytes });
    const tensors = columns.map(({ field, bytes, dtype }, place): [string, Tensor] => {
      const region = slice(inputs.offsets[place]!, bytes.length);
      return [field, { dtype, shape: [rows], data: new Uint8Array(), region }];
    });
    const targets = outputNames.map((name, place): [string, RegionSlice] => {
      return [name, slice(inputs.end + outputs.offsets[place]!, rows * (name === 'undefined' ? 4 : 8))];
    });
    const request = { model: 1, values, ...Object.fromEntries(tensors), outputs: new Map(targets) };
    const [regionFile, inlineFile] = [join(folder, 'region'), join(folder, 'inline')];
    writeFileSync(regionFile, PriceOptionsRequest.encode(PriceOptionsRequest.fromPartial(request)).finish());
    writeFileSync(inlineFile, requestBytes(makeBook(inlineRows)));
    const image = Buffer.alloc(inputs.end);
    columns.forEach(({ bytes }, place) => image.set(bytes, inputs.offsets[place]));
    writeFileSync(join(folder, 'image'), image);
    const script = new URL('region_fill.py', import.meta.url).pathname;
    const mapping = [join(dirname(daemon.socket), descriptorSocket), regionId, Buffer.from(token).toString('hex')];
    const filler = openLinePeer<{ ms: number }>(python, [script, ...mapping, join(folder, 'image')]);
    const firstMs = (await filler.run()).ms;
    const load = async (requestFile: string, calls: number, inFlight: number): Promise<number> => {
      const { path: method } = catalog.pricing.priceOptions;
      const options = { requestFile, responseFile: undefined, warmUpCalls: calls, calls, inFlight };
      return (await runLoad({ address: `unix:${daemon.socket}`, method, ...options })).seconds * 1e3;
    };
    const call = async (): Promise<number> => (await load(regionFile, regionCalls, 1)) / regionCalls;
    const inline = (): Promise<number> => load(inlineFile, rows / inlineRows, inlineInFlight);
    for (const warm of [call, inline]) await warm();
    const ours = async (): Promise<Sample> => ({ copyMs: (await filler.run()).ms, callMs: await call() });
    const samples = await inTurn<Sample>(ours, async () => ({ copyMs: 0, callMs: await inline() }));
    const row = { peer: median(samples.peer.map(({ callMs }) => callMs)), peerName, moreIsBetter: false };
    const touch = `the first touch of the region took ${firstMs.toFixed(0)} ms`;
    const unit = `ms, ${rows} rows, 64 MB in and as much out`;
    const inPlace = median(samples.ours.map(({ callMs }) => callMs));
    yield toRow({ ...row, name: 'region-64mb', unit: `${unit}, columns made in place; ${touch}`, ours: inPlace });
    const copied = median(samples.ours.map(({ copyMs, callMs }) => copyMs + callMs));
    yield toRow({ ...row, name: 'region-64mb-copied', unit: `${unit}, columns copied in by NumPy`, ours: copied });
    yield await besideKernel(book, call);
    filler.close();
  } finally {
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true });
  }
}

async function besideKernel(book: Book, call: () => Promise<number>): Promise<Row> {
  const addon = loadHostAddon();
  const [rates, yields] = [rate, dividendYield].map((value) => new Float64Array(rows).fill(value));
  const inputs = [book.type, book.spot, book.strike, rates!, yields!, book.volatility, book.years];
  const kernel = kernelOf(addon, 'price-options-f64');
  const outputs = addon.kernels[kernel]!.outputs.map((_, index) =>
    index < values.length ? new Float64Array(rows) : null,
  );
  const pool = openPoolRun({ addon, kernel, threads: availableParallelism(), inputs, outputs, rows });
  await pool.run();
  // Starting the client copies this process's pages, which the first run after it pays for.
  const alone = async (): Promise<number> => {
    await pool.run();
    return pool.run();
  };
  const samples = await inTurn(call, alone);
  pool.close();
  return toRow({
    name: 'region-price-options',
    unit: `million options/s, price + 5 Greeks, ${rows} rows in a region`,
    ours: rows / median(samples.ours) / 1e3,
    peer: rows / median(samples.peer) / 1e3,
    peerName: 'the kernel alone',
    moreIsBetter: true,
  });
}
