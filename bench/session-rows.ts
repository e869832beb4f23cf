// Calls on an open session: against a bare echo on a stream, and beside work that fills the machine.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Device, Fallback, Fault, OptionType, Priority } from '../src/client/index.js';
import { OpenRequest, OpenResponse } from '../src/gen/acceld/v1/session_service.js';
import { catalog } from '../src/gen/catalog.js';
import { makeBook, requestBytes } from './book.js';
import { runStreams, type LoadResult } from './load-client.js';
import { inTurn, median, MissingPart, toRow, type Bench, type Row } from './row.js';
import { startDaemon, startPeer, type RunningServer } from './servers.js';

const sessionPath = '/acceld.v1.SessionService/Open';
const calls = 10_000;
const warmUpCalls = 20_000;

export const sessionBenches: readonly Bench[] = [
  { name: 'session-rtt', rows: sessionRtt },
  { name: 'order-under-batch-cpu', rows: () => orderUnderBatch('cpu') },
  { name: 'order-under-batch-opencl', rows: () => orderUnderBatch('opencl') },
];

/** Files of one message that prices one option as an ORDER, and of the daemon's answer to it. */
function openFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const [requestFile, responseFile] = [join(folder, 'request'), join(folder, 'response')];
  const request = requestBytes(makeBook(1), Priority.PRIORITY_ORDER);
  const call = { method: catalog.pricing.priceOptions.path, request, timeout: undefined };
  writeFileSync(requestFile, OpenRequest.encode({ id: 1n, action: { $case: 'call', value: call } }).finish());
  return { folder, requestFile, responseFile, close: () => rmSync(folder, { recursive: true }) };
}

type Files = ReturnType<typeof openFiles>;

async function measure({ requestFile, responseFile }: Files, server: RunningServer, pin: boolean): Promise<LoadResult> {
  const target = { address: `unix:${server.socket}`, method: sessionPath, requestFile, responseFile };
  const result = await runStreams({ ...target, warmUpCalls: 0, calls, mode: 'session', pin });
  const { answer } = OpenResponse.decode(readFileSync(responseFile));
  if (answer?.$case !== 'response') throw new Error(`a call on the session failed: ${JSON.stringify(answer)}`);
  return result;
}

async function warm(files: Files, server: RunningServer, pin: boolean): Promise<void> {
  for (let round = 0; round * calls < warmUpCalls; round += 1) await measure(files, server, pin);
}

async function* sessionRtt(): AsyncGenerator<Row> {
  const files = openFiles();
  const daemon = await startDaemon(files.folder);
  let peer: RunningServer | undefined;
  try {
    await warm(files, daemon, true);
    peer = await startPeer(files.folder, [`session=${files.responseFile}`]);
    const echo = peer;
    await warm(files, echo, true);
    const samples = await inTurn(
      () => measure(files, daemon, true),
      () => measure(files, echo, true),
    );
    for (const percentile of ['p50Us', 'p99Us'] as const) {
      const time = (results: readonly LoadResult[]) => median(results.map((result) => result[percentile]));
      yield toRow({
        name: `session-rtt-${percentile.slice(0, 3)}`,
        unit: 'us, one option',
        ours: time(samples.ours),
        peer: time(samples.peer),
        peerName: 'bare grpc-js echo on a stream',
        moreIsBetter: false,
      });
    }
  } finally {
    await Promise.all([daemon.stop(), peer?.stop()]);
    files.close();
  }
}

const devices = { cpu: Device.DEVICE_CPU, opencl: Device.DEVICE_GPU };

/** The peer is the same daemon while it does nothing else. */
async function* orderUnderBatch(kind: 'cpu' | 'opencl'): AsyncGenerator<Row> {
  const files = openFiles();
  const daemon = await startDaemon(files.folder, false);
  try {
    if (kind === 'opencl') await gpuIsUp(daemon);
    await warm(files, daemon, false);
    const samples = await inTurn(
      () => besideBatch({ daemon, device: devices[kind] }, () => measure(files, daemon, false)),
      () => measure(files, daemon, false),
    );
    for (const percentile of ['p99Us', 'p50Us'] as const) {
      const time = (results: readonly LoadResult[]) => median(results.map((result) => result[percentile]));
      yield toRow({
        name: `order-under-batch-${kind}${percentile === 'p99Us' ? '' : '-p50'}`,
        unit: `us, ${percentile.slice(0, 3)} of an ORDER call on a session`,
        ours: time(samples.ours),
        peer: time(samples.peer),
        peerName: 'the same without BATCH work',
        moreIsBetter: false,
      });
    }
  } finally {
    await daemon.stop();
    files.close();
  }
}

async function gpuIsUp({ socket }: RunningServer): Promise<void> {
  const client = connect({ socket });
  for (let waitedMs = 0; ; waitedMs += 100) {
    const gpu = (await client.admin.getStatus()).devices.find(({ device }) => device === Device.DEVICE_GPU);
    if (gpu?.up) break;
    if (waitedMs > 60_000 || gpu?.reason.startsWith('down')) throw new MissingPart('an OpenCL device');
    await sleep(100);
  }
  client.close();
}

/** Acts while a BATCH simulation takes every core that it gets. */
async function besideBatch<Result>(
  { daemon, device }: { daemon: RunningServer; device: Device },
  act: () => Promise<Result>,
): Promise<Result> {
  const client = connect({ socket: daemon.socket });
  const ending = new AbortController();
  const progress = client.pricing.simulate(
    {
      execution: { priority: Priority.PRIORITY_BATCH, device, fallback: Fallback.FALLBACK_FORBID },
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      strike: 100,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: {
        $case: 'asian',
        value: { averaging: 1, fixingYears: Array.from({ length: 252 }, (_, day) => day / 252) },
      },
      pathsMax: 2n ** 40n,
      timeBudget: { seconds: 600n, nanos: 0 },
    },
    { signal: ending.signal },
  );
  const messages = progress[Symbol.asyncIterator]();
  await messages.next();
  const drained = drain(messages);
  try {
    return await act();
  } finally {
    ending.abort();
    await drained;
    client.close();
  }
}

async function drain(messages: AsyncIterator<unknown>): Promise<void> {
  try {
    while (!(await messages.next()).done) continue;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'CANCELLED') throw error;
  }
}
