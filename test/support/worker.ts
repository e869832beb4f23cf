import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device as DeviceKind, Precision, Priority } from '../../src/gen/acceld/v1/execution.js';
import { systemClock } from '../../src/daemon/base/clock.js';
import type { Event } from '../../src/daemon/base/events.js';
import { noRoom, type Plan } from '../../src/daemon/base/plan.js';
import type { Load, Outcome, Task } from '../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../src/daemon/devices/host-addon.js';
import { WorkerDevice, type WorkerDeviceSettings } from '../../src/daemon/worker/worker-device.js';
import { builds } from './addon-child.js';
import { eventually } from './eventually.js';

export const addon = loadHostAddon(join(builds, 'host.node'));

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

export async function openWorker(change: Partial<WorkerDeviceSettings> = {}, fault = ''): Promise<OpenWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'acceld-workers-'));
  const events: Event[] = [];
  let current = fault;
  const device = await WorkerDevice.open({
    addon,
    clock: systemClock,
    announce: (event) => events.push(event),
    executable: executables.test,
    device: 'cpu',
    folder,
    arenaBytes: 16 * 1024 * 1024,
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
      rmSync(folder, { recursive: true });
    },
  };
}

/** Waits until the device takes work. */
export const isUp = ({ device }: OpenWorker): Promise<void> =>
  eventually(() => {
    if (!device.state.up) throw new Error(device.state.reason);
  });

const execution = {
  device: DeviceKind.DEVICE_AUTO,
  fallbackAllowed: true,
  precision: Precision.PRECISION_F64,
  reproducible: true,
  priority: Priority.PRIORITY_INTERACTIVE,
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

/** All rows of a plan at once. */
export async function compute(device: WorkerDevice, plan: Plan): Promise<{ outcome: Outcome; memory: Uint8Array }> {
  const load = device.load(plan);
  const outcome = await run(load, taskOf(plan));
  const { memory } = load.result();
  load.release();
  return { outcome, memory };
}

/** What the CPU within this process makes of it. */
export function expected(plan: Plan): Buffer {
  const kernel = addon.kernels.findIndex(({ name }) => name === plan.kernel);
  const size = addon.kernels[kernel]!.outputs[0] === 'f64' ? 8 : 4;
  const columns = plan.outputs.map((isWanted) => (isWanted ? new Uint8Array(plan.rows * size) : null));
  addon.run(kernel, plan.params, plan.inputs, columns, 0, plan.rows);
  return Buffer.concat(columns.filter((column) => column !== null));
}
