// simulate, through the whole of gRPC, against NumPy.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Averaging, SimulateRequest, SimulateResponse } from '../src/gen/acceld/v1/simulate.js';
import { OptionType } from '../src/gen/acceld/v1/option.js';
import { catalog } from '../src/gen/catalog.js';
import { runStreams } from './load-client.js';
import { needPython, openLinePeer, python } from './programs.js';
import { inTurn, median, toRow, type Bench, type Row } from './row.js';
import { startDaemon } from './servers.js';

const million = 1_000_000;

interface Estimate {
  readonly ms: number;
  readonly estimate: number;
  readonly standardError: number;
}

/** Whole arrays are what people write; blocks that stay in the first-level cache are the best that NumPy can do. */
const peers = [
  { suffix: '', precision: 'f64', blockPaths: million, peerName: 'NumPy fp64' },
  { suffix: '-against-f32', precision: 'f32', blockPaths: million, peerName: 'NumPy fp32' },
  { suffix: '-against-blocks', precision: 'f64', blockPaths: 4096, peerName: 'NumPy fp64 in blocks of 4,096 paths' },
];

export const simulationBenches: readonly Bench[] = [
  { name: 'simulate-european', rows: () => simulate('simulate-european', 1) },
  { name: 'simulate-asian', rows: () => simulate('simulate-asian', 252) },
];

/** The numbers of simulate_peer.py. One step: a European call; more: an arithmetic Asian call with as many fixings. */
function requestOf(steps: number): Uint8Array {
  const asian = {
    averaging: Averaging.AVERAGING_ARITHMETIC,
    fixingYears: Array.from({ length: steps }, (_, step) => (step + 1) / steps),
  };
  return SimulateRequest.encode(
    SimulateRequest.fromPartial({
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      strike: 100,
      rate: 0.03,
      dividendYield: 0.01,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: steps === 1 ? { $case: 'european', value: {} } : { $case: 'asian', value: asian },
      pathsMax: BigInt(million),
    }),
  ).finish();
}

async function* simulate(name: string, steps: number): AsyncGenerator<Row> {
  needPython(['numpy']);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const daemon = await startDaemon(folder, false);
  try {
    const [requestFile, responseFile] = [join(folder, 'request'), join(folder, 'response')];
    writeFileSync(requestFile, requestOf(steps));
    const calls = steps === 1 ? 100 : 3;
    const ours = async (warmUpCalls = 0): Promise<Estimate> => {
      const { method, address } = { method: catalog.pricing.simulate.path, address: `unix:${daemon.socket}` };
      const options = { requestFile, responseFile, warmUpCalls, calls, mode: 'calls', pin: false } as const;
      const { p50Us } = await runStreams({ method, address, ...options });
      return { ms: p50Us / 1e3, ...SimulateResponse.decode(readFileSync(responseFile)) };
    };
    await ours(calls * 4);
    for (const { suffix, precision, blockPaths, peerName } of peers) {
      const script = new URL('simulate_peer.py', import.meta.url).pathname;
      const peer = openLinePeer<Estimate>(python, [script, precision, ...[million, steps, blockPaths].map(String)]);
      const samples = await inTurn(() => ours(), peer.run);
      peer.close();
      checkEstimates(name, samples.ours[0]!, samples.peer[0]!);
      const time = (list: readonly Estimate[]) => median(list.map(({ ms }) => ms));
      yield toRow({
        name: `${name}${suffix}`,
        unit: `ms, ${million} paths x ${steps}, through gRPC`,
        ours: time(samples.ours),
        peer: time(samples.peer),
        peerName,
        moreIsBetter: false,
      });
    }
  } finally {
    await daemon.stop();
    rmSync(folder, { recursive: true });
  }
}

function checkEstimates(name: string, ours: Estimate, peer: Estimate): void {
  const apart = Math.abs(ours.estimate - peer.estimate);
  if (apart < 5 * Math.hypot(ours.standardError, peer.standardError)) return;
  throw new Error(`${name}: ${ours.estimate}, the peer says ${peer.estimate}`);
}
