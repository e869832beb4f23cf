// What the daemon costs while nobody calls, how soon it serves, and whether its memory stays flat. The peer is the bare echo.
import { setTimeout as sleep } from 'node:timers/promises';
import { repeats, median, toRow, type Bench, type Row } from './row.js';
import { openPair, type Pair, type RunningServer } from './servers.js';
import { usageOf } from './usage.js';

const peerName = 'bare grpc-js echo';
const idleSeconds = 30;
const load = { rows: 1, warmUpCalls: 0, inFlight: 32 };
const warmUpCalls = 20_000;
const soakCalls = 200_000;

export const soakBenches: readonly Bench[] = [{ name: 'soak', rows: soak }];

async function* soak(): AsyncGenerator<Row> {
  yield await startRow();
  const pair = await openPair([1]);
  try {
    yield* idleRows(pair);
    yield* growthRows(pair);
  } finally {
    await pair.close();
  }
}

async function startRow(): Promise<Row> {
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const pair = await openPair([1]);
    ours.push(pair.ours.startMs);
    peer.push(pair.peer.startMs);
    await pair.close();
  }
  const figures = { ours: median(ours), peer: median(peer) };
  return toRow({ name: 'start-to-serving', unit: 'ms', ...figures, peerName, moreIsBetter: false });
}

async function* idleRows({ ours, peer }: Pair): AsyncGenerator<Row> {
  // The start's own work, its garbage collection included, is over by then.
  await sleep(2_000);
  const before = { ours: usageOf(ours.pid), peer: usageOf(peer.pid) };
  await sleep(idleSeconds * 1000);
  const after = { ours: usageOf(ours.pid), peer: usageOf(peer.pid) };
  const share = (side: 'ours' | 'peer') => ((after[side].cpuSeconds - before[side].cpuSeconds) / idleSeconds) * 100;
  const megabytes = (side: 'ours' | 'peer') => after[side].residentBytes / 1e6;
  const idle = { ours: share('ours'), peer: share('peer') };
  yield { ...toRow({ name: 'idle-cpu', unit: '% of a core', ...idle, peerName, moreIsBetter: false }), ratio: null };
  const resident = { ours: megabytes('ours'), peer: megabytes('peer') };
  yield toRow({ name: 'idle-rss', unit: 'MB', ...resident, peerName, moreIsBetter: false });
}

async function* growthRows(pair: Pair): AsyncGenerator<Row> {
  const growth = async (server: RunningServer) => {
    const residentAfter = async (calls: number): Promise<number> => {
      await pair.load(server, { ...load, calls });
      return usageOf(server.pid).residentBytes;
    };
    const warm = await residentAfter(warmUpCalls);
    const half = await residentAfter(soakCalls / 2);
    const full = await residentAfter(soakCalls / 2);
    return { whole: (full / warm - 1) * 100, secondHalf: (full / half - 1) * 100 };
  };
  const [ours, peer] = [await growth(pair.ours), await growth(pair.peer)];
  // V8 still grows its young generation in the first half, in the peer as well; a leak grows in both.
  for (const [name, part] of [
    ['soak-rss-growth', 'whole'],
    ['soak-rss-growth-second-half', 'secondHalf'],
  ] as const) {
    const unit = `% over ${part === 'whole' ? soakCalls : soakCalls / 2} calls`;
    const figures = { ours: ours[part], peer: peer[part] };
    // Growth may be zero or negative: a ratio would mean nothing.
    yield { ...toRow({ name, unit, ...figures, peerName, moreIsBetter: false }), ratio: null };
  }
}
