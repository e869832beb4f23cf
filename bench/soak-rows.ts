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
    yield await growthRow(pair);
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

async function growthRow(pair: Pair): Promise<Row> {
  const growth = async (server: RunningServer): Promise<number> => {
    await pair.load(server, { ...load, calls: warmUpCalls });
    const before = usageOf(server.pid).residentBytes;
    await pair.load(server, { ...load, calls: soakCalls });
    return (usageOf(server.pid).residentBytes / before - 1) * 100;
  };
  const figures = { ours: await growth(pair.ours), peer: await growth(pair.peer) };
  // A growth may be zero or negative: only the figures mean something.
  return {
    ...toRow({ name: 'soak-rss-growth', unit: '% over 200,000 calls', ...figures, peerName, moreIsBetter: false }),
    ratio: null,
  };
}
