import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device as DeviceKind, Precision, Priority } from '../../src/gen/acceld/v1/execution.js';
import { systemClock } from '../../src/daemon/base/clock.js';
import type { Event } from '../../src/daemon/base/events.js';
import { noRoom, type Plan } from '../../src/daemon/base/plan.js';
import type { Load, Outcome, Task } from '../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../src/daemon/devices/host-addon.js';
import { Pools } from '../../src/daemon/devices/pools.js';
import { WorkerDevice, type WorkerDeviceSettings } from '../../src/daemon/worker/worker-device.js';
import { builds } from './addon-child.js';
import { eventually } from './eventually.js';
import { scratchFolder } from './scratch-folder.js';

export const addon = loadHostAddon(join(builds, 'host.node'));

/** Of a system that never tells that a process was stopped: such a worker is as one that waits in its driver. */
export const tellsNothing = Object.create(addon, { isStopped: { value: () => false } }) as typeof addon;

export const executables = {
  real: join(builds, 'acceld-worker'),
  /** Does wrong what ACCELD_FAULT names. */
  test: join(builds, 'acceld-worker-test'),
};

/** A device in a worker process, with all that it announced. */
export interface OpenWorker {
  readonly device: WorkerDevice;
  readonly events: Event[];
  readonly folder: string;
  /** The next workers do this wrong; '': nothing. */
  setFault(fault: string): void;
  close(): Promise<void>;
}

/** `prepare`: what to do to the store of a GPU's binaries before the first worker starts. */
export async function openWorker(
  change: Partial<WorkerDeviceSettings> = {},
  fault = '',
  prepare: (store: string) => void = () => undefined,
): Promise<OpenWorker> {
  const folder = scratchFolder('workers');
  if (change.device === 'gpu') {
    cpSync(compiledStore(), join(folder, 'store'), { recursive: true });
    prepare(join(folder, 'store'));
  }
  const events: Event[] = [];
  const pools = new Pools(addon, { threads: 1 });
  let current = fault;
  const device = await WorkerDevice.open({
    addon,
    clock: systemClock,
    announce: (event) => events.push(event),
    executable: executables.test,
    device: 'cpu',
    folder,
    arenaBytes: 16 * 1024 * 1024,
    pools,
    takesSample: () => false,
    useStandby: false,
    qualify: ({ info }) => Promise.resolve(info.kernels.map(({ name }) => name)),
    environment: () => ({ ACCELD_FAULT: current }),
    ...change,
  });
  return {
    device,
    events,
    folder,
    setFault: (next) => (current = next),
    close: async () => {
      await device.close();
      pools.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The binaries of kernels, compiled once for all workers of a test run. */
const compiled = join(tmpdir(), `acceld-store-${process.pid}`);

function compiledStore(): string {
  if (!existsSync(compiled)) {
    mkdirSync(compiled);
    process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
  }
  return compiled;
}

/** Has the GPU's kernels compiled, and says whether there is a GPU. */
export async function compileForGpu(): Promise<boolean> {
  const worker = await openWorker({ device: 'gpu' });
  await eventually(() => assert.ok(worker.device.state.up || worker.device.state.reason.startsWith('down')), 60_000);
  const { up } = worker.device.state;
  if (up) cpSync(join(worker.folder, 'store'), compiledStore(), { recursive: true });
  await worker.close();
  return up;
}

/** Waits until the device takes work. */
export const isUp = ({ device }: OpenWorker): Promise<void> =>
  eventually(() => {
    if (!device.state.up) throw new Error(device.state.reason);
  }, 10_000);

const execution = {
  device: DeviceKind.DEVICE_AUTO,
  fallbackAllowed: true,
  precision: Precision.PRECISION_F64,
  reproducible: true,
  priority: Priority.PRIORITY_INTERACTIVE,
  isPriorityUnset: false,
  validateOnly: false,
};

/** Options all different, of which price and delta are wanted. */
export function optionPlan(rows: number, change: Partial<Plan> = {}): Plan {
  const column = (of: (row: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => of(row));
  return {
    execution,
    kernel: 'price-options-f64',
    params: new Uint8Array(Uint32Array.of(1).buffer),
    rows,
    rowUnits: 1,
    inputs: [
      Uint8Array.from({ length: rows }, (_, row) => 1 + (row % 2)),
      column((row) => 100 + (row % 37)),
      Float64Array.of(100),
      Float64Array.of(0.05),
      Float64Array.of(0.01),
      column((row) => 0.1 + (row % 11) / 20),
      column((row) => 0.25 + (row % 5)),
    ],
    outputs: addon.kernels.find(({ name }) => name === 'price-options-f64')!.outputs.map((_, index) => index < 2),
    room: noRoom,
    ...change,
  };
}

export const taskOf = (plan: Plan, begin = 0, end = plan.rows): Task => ({
  begin,
  end,
  units: (end - begin) * plan.rowUnits,
  bulk: false,
  inline: false,
});

export const run = (load: Load, task: Task): Promise<Outcome> => new Promise((resolve) => load.run(task, resolve));

const bytesOf = (outputs: readonly (Uint8Array | null)[]): Buffer =>
  Buffer.concat(outputs.filter((column) => column !== null));

/** All rows of a plan at once, and the bytes of its columns. */
export async function compute(device: WorkerDevice, plan: Plan): Promise<{ outcome: Outcome; bytes: Buffer }> {
  const load = device.load(plan);
  const outcome = await run(load, taskOf(plan));
  const bytes = bytesOf(load.result().outputs);
  load.release();
  return { outcome, bytes };
}

/** What the CPU within this process makes of it. */
export function expected(plan: Plan): Buffer {
  const kernel = addon.kernels.findIndex(({ name }) => name === plan.kernel);
  const sizes = addon.kernels[kernel]!.outputs.map((element) => (element === 'f64' ? 8 : 4));
  const columns = plan.outputs.map((isWanted, index) => (isWanted ? new Uint8Array(plan.rows * sizes[index]!) : null));
  addon.run(kernel, plan.params, plan.inputs, columns, 0, plan.rows);
  return bytesOf(columns);
}
