// What it costs that a device lives in a process of its own, and what its death costs.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Device as DeviceKind } from '../src/gen/acceld/v1/execution.js';
import { systemClock } from '../src/daemon/base/clock.js';
import type { Plan } from '../src/daemon/base/plan.js';
import { CpuDevice } from '../src/daemon/devices/cpu-device.js';
import type { Device } from '../src/daemon/devices/device.js';
import { loadHostAddon } from '../src/daemon/devices/host-addon.js';
import { goldenPlans } from '../src/daemon/operations/index.js';
import { Scheduler } from '../src/daemon/scheduler/scheduler.js';
import type { Order } from '../src/daemon/scheduler/work.js';
import { Pools } from '../src/daemon/devices/pools.js';
import { WorkerDevice } from '../src/daemon/worker/worker-device.js';
import type { DeviceRole } from '../src/daemon/worker/worker-process.js';
import { inTurn, median, MissingPart, repeats, toRow, type Bench, type Row } from './row.js';

const calls = 4_000;
const addon = loadHostAddon();
const buildFolder = new URL('../build/Release/', import.meta.url).pathname;
/** A cold driver and its compiler. */
const upMsMax = 90_000;

export const workerBenches: readonly Bench[] = [
  { name: 'worker-hop', rows: workerHop },
  { name: 'fallback-first-cpu', rows: () => fallbackFirst('cpu') },
  { name: 'fallback-first-opencl', rows: () => fallbackFirst('gpu') },
  { name: 'fallback-steady', rows: fallbackSteady },
];

/** A plan of one row: nothing but the way to the device and back. */
const smallest = (kernel: string): Plan => {
  const plan = goldenPlans().find((golden) => golden.kernel === kernel)!;
  return {
    ...plan,
    rows: 1,
    inputs: plan.inputs.map((column) => (column as Uint8Array).subarray(0, bytesOf(column, plan))),
  };
};

const bytesOf = (column: ArrayBufferView, { rows }: Plan): number => column.byteLength / rows;

interface Opened {
  readonly device: WorkerDevice;
  readonly folder: string;
  close(): Promise<void>;
}

interface WorkerOptions {
  readonly executable?: string;
  /** What the worker does wrong. */
  readonly fault?: string;
  /** Do not wait until it is up. */
  readonly isDown?: boolean;
}

/** A worker whose kernels are trusted unseen. */
async function openWorker(device: DeviceRole, options: WorkerOptions = {}): Promise<Opened> {
  const { executable = 'acceld-worker', fault = '', isDown = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const pools = new Pools(addon, { threads: 1 });
  const worker = await WorkerDevice.open({
    addon,
    clock: systemClock,
    announce: () => undefined,
    executable: join(buildFolder, executable),
    device,
    folder,
    arenaBytes: 16 * 1024 * 1024,
    pools,
    takesSample: () => false,
    useStandby: false,
    qualify: ({ info }) => Promise.resolve(info.kernels.map(({ name }) => name)),
    environment: () => ({ ACCELD_FAULT: fault }),
  });
  const close = async (): Promise<void> => {
    await worker.close();
    pools.close();
    rmSync(folder, { recursive: true });
  };
  for (let waitedMs = 0; worker.state.up === isDown; waitedMs += 20) {
    if (waitedMs > upMsMax || (!isDown && worker.state.reason.startsWith('down'))) {
      await close();
      throw new MissingPart(`a device for the ${device} worker: ${worker.state.reason}`);
    }
    await sleep(20);
  }
  return { device: worker, folder, close };
}

/** Times of jobs one after the other, in rising order. */
async function microseconds(device: Device, plan: Plan, inline: boolean): Promise<number[]> {
  const task = { begin: 0, end: plan.rows, units: plan.rows, bulk: false, inline };
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const beganMs = performance.now();
    const load = device.load(plan);
    await new Promise((done) => load.run(task, done));
    load.result();
    load.release();
    times.push((performance.now() - beganMs) * 1e3);
  }
  return times.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;

async function* workerHop(): AsyncGenerator<Row> {
  const plan = smallest('price-options-f64');
  const worker = await openWorker('cpu');
  const cpu = new CpuDevice(addon, { threads: 1 });
  await microseconds(worker.device, plan, false);
  await microseconds(cpu, plan, true);
  const samples = await inTurn(
    () => microseconds(worker.device, plan, false),
    () => microseconds(cpu, plan, true),
  );
  await Promise.all([cpu.close(), worker.close()]);
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const figure = (list: readonly number[][]) => median(list.map((times) => at(times, share)));
    const [ours, peer] = [figure(samples.ours), figure(samples.peer)];
    const unit = `us, ${name} of a job of one row: ${(ours - peer).toFixed(1)} us are added`;
    const peerName = 'the same within the process';
    yield { ...toRow({ name: `worker-hop-${name}`, unit, ours, peer, peerName, moreIsBetter: false }), ratio: null };
  }
}

/** From the death of a worker that executes a job to the CPU's answer, against that of a job without a worker. */
async function* fallbackFirst(role: DeviceRole): AsyncGenerator<Row> {
  const plan = smallest('price-options-f32');
  const cpu = new CpuDevice(addon, { threads: 1 });
  const samples: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const worker = await openWorker(role, { executable: 'acceld-worker-test', fault: 'hang:1' });
    const scheduler = new Scheduler(systemClock, [cpu, worker.device]);
    const answered = scheduler.submit(orderOf(plan), { device: worker.device, fallback: undefined });
    await sleep(30);
    const beganMs = performance.now();
    process.kill(childOf(worker.folder), 'SIGKILL');
    const { placement } = await answered;
    samples.ours.push(performance.now() - beganMs);
    if (placement.device !== cpu) throw new Error('the job did not fall back');
    const aloneMs = performance.now();
    await scheduler.submit(orderOf(plan), { device: cpu, fallback: undefined });
    samples.peer.push(performance.now() - aloneMs);
    await worker.close();
  }
  await cpu.close();
  const figures = { ours: median(samples.ours), peer: median(samples.peer) };
  const unit = `ms from SIGKILL to the answer; longest ${Math.max(...samples.ours).toFixed(1)}`;
  const name = `fallback-first-${role === 'gpu' ? 'opencl' : 'cpu'}`;
  yield { ...toRow({ name, unit, ...figures, peerName: 'a job on the CPU', moreIsBetter: false }), ratio: null };
}

/** A job that asks for a device which is known to be down. */
async function* fallbackSteady(): AsyncGenerator<Row> {
  const plan = smallest('price-options-f32');
  const asked = { ...plan, execution: { ...plan.execution, device: DeviceKind.DEVICE_GPU } };
  const worker = await openWorker('gpu', { executable: 'no-such-worker', isDown: true });
  const cpu = new CpuDevice(addon, { threads: 1 });
  const scheduler = new Scheduler(systemClock, [cpu, worker.device]);
  const measure = async (wanted: Plan): Promise<number> => {
    const times: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      const beganMs = performance.now();
      await scheduler.submit(orderOf(wanted), scheduler.place(wanted));
      times.push((performance.now() - beganMs) * 1e3);
    }
    return at(
      times.sort((a, b) => a - b),
      0.5,
    );
  };
  await measure(asked);
  const samples = await inTurn(
    () => measure(asked),
    () => measure(plan),
  );
  await Promise.all([cpu.close(), worker.close()]);
  const [ours, peer] = [median(samples.ours), median(samples.peer)];
  const unit = `us, p50 of a job of one row: ${(ours - peer).toFixed(1)} us are added`;
  const peerName = 'a job that asks for no device';
  yield { ...toRow({ name: 'fallback-steady', unit, ours, peer, peerName, moreIsBetter: false }), ratio: null };
}

const orderOf = (plan: Plan): Order => ({
  plan,
  deadlineNs: Infinity,
  cancellation: () => new AbortController().signal,
  gate: { enterQueue: () => undefined, leaveQueue: () => undefined },
});

/** The worker of a folder: the only one that runs in it. */
function childOf(folder: string): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder));
  if (found === undefined) throw new Error('the worker is gone');
  return found;
}
