// The whole server against a bare tuned grpc-js echo of the same messages, under the same C++ client.
import type { LoadResult } from './load-client.js';
import { inTurn, median, toRow, type Bench, type Row } from './row.js';
import { openPair, type LoadSettings, type Pair, type RunningServer } from './servers.js';
import { usageOf } from './usage.js';

const peerName = 'bare grpc-js echo';
/** Rows that the SDK puts into one message. */
const chainRows = 16_384;

/** Calls that bring both servers' code to its final speed. */
const warmUp = { calls: 20_000, inFlight: 32 };

const throughput: LoadSettings = { rows: 1, warmUpCalls: 2_000, calls: 30_000, inFlight: 32 };
const roundTrip: LoadSettings = { rows: 1, warmUpCalls: 1_000, calls: 10_000, inFlight: 1 };
const chain: LoadSettings = { rows: chainRows, warmUpCalls: 20, calls: 300, inFlight: 4 };

export const serverBenches: readonly Bench[] = [
  { name: 'unary-throughput', rows: () => withPair(1, throughputRow) },
  { name: 'unary-rtt', rows: () => withPair(1, roundTripRows) },
  { name: 'chain-16k', rows: () => withPair(chainRows, chainRow) },
];

async function* withPair(rows: number, measure: (pair: Pair) => AsyncGenerator<Row>): AsyncGenerator<Row> {
  const pair = await openPair([rows]);
  try {
    yield* measure(pair);
  } finally {
    await pair.close();
  }
}

interface Sample extends LoadResult {
  /** Processor time of the server per call in microseconds: steadier than the rate on a machine that does other work as well. */
  readonly cpuUs: number;
}

async function measurePair(pair: Pair, settings: LoadSettings): Promise<{ ours: Sample[]; peer: Sample[] }> {
  const sample = async (server: RunningServer): Promise<Sample> => {
    const before = usageOf(server.pid).cpuSeconds;
    const result = await pair.load(server, settings);
    const calls = settings.warmUpCalls + settings.calls;
    return { ...result, cpuUs: ((usageOf(server.pid).cpuSeconds - before) / calls) * 1e6 };
  };
  if (settings.rows === 1) {
    for (const server of [pair.ours, pair.peer]) await pair.load(server, { rows: 1, warmUpCalls: 0, ...warmUp });
  }
  return inTurn(
    () => sample(pair.ours),
    () => sample(pair.peer),
  );
}

const medianOf = (samples: readonly Sample[], figure: (sample: Sample) => number): number =>
  median(samples.map(figure));

function cpuRow(name: string, { ours, peer }: { ours: Sample[]; peer: Sample[] }): Row {
  const time = (samples: readonly Sample[]) => medianOf(samples, ({ cpuUs }) => cpuUs);
  const figures = { ours: time(ours), peer: time(peer) };
  return toRow({ name, unit: 'us of processor time of the server a call', ...figures, peerName, moreIsBetter: false });
}

async function* throughputRow(pair: Pair): AsyncGenerator<Row> {
  const samples = await measurePair(pair, throughput);
  const { ours, peer } = samples;
  const rate = (results: readonly Sample[]) => medianOf(results, ({ calls, seconds }) => calls / seconds);
  yield toRow({
    name: 'unary-throughput',
    unit: 'calls/s, 32 in flight, one option each',
    ours: rate(ours),
    peer: rate(peer),
    peerName,
    moreIsBetter: true,
    ...latency(ours),
  });
  yield cpuRow('unary-cpu', samples);
}

async function* roundTripRows(pair: Pair): AsyncGenerator<Row> {
  const { ours, peer } = await measurePair(pair, roundTrip);
  for (const percentile of ['p50', 'p99'] as const) {
    const time = (results: readonly Sample[]) => medianOf(results, (result) => result[`${percentile}Us`]);
    yield toRow({
      name: `unary-rtt-${percentile}`,
      unit: 'us, one option',
      ours: time(ours),
      peer: time(peer),
      peerName,
      moreIsBetter: false,
      ...latency(ours),
    });
  }
}

async function* chainRow(pair: Pair): AsyncGenerator<Row> {
  const samples = await measurePair(pair, chain);
  const { ours, peer } = samples;
  const rate = (results: readonly Sample[]) =>
    medianOf(results, ({ calls, seconds, requestBytes, responseBytes }) => {
      return (calls * (requestBytes + responseBytes)) / seconds / 1e6;
    });
  yield toRow({
    name: 'chain-16k',
    unit: 'MB/s request + reply, 16,384 options a call, 4 in flight',
    ours: rate(ours),
    peer: rate(peer),
    peerName,
    moreIsBetter: true,
    ...latency(ours),
  });
  yield cpuRow('chain-16k-cpu', samples);
}

const latency = (results: readonly Sample[]) => ({
  p50Us: medianOf(results, ({ p50Us }) => p50Us),
  p99Us: medianOf(results, ({ p99Us }) => p99Us),
});
