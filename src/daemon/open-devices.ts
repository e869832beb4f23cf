// The wiring of devices: the CPU, the GPU in its workers, who trusts its kernels, and the scheduler over both.
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Allowance } from './base/allowance.js';
import type { Clock } from './base/clock.js';
import type { CorePlan } from './base/cores.js';
import type { Announce } from './base/events.js';
import type { Plan } from './base/plan.js';
import type { Config } from './config/schema.js';
import { CpuDevice } from './devices/cpu-device.js';
import type { Device } from './devices/device.js';
import type { HostAddon } from './devices/host-addon.js';
import type { Budget } from './memory/budget.js';
import type { PoolReading } from './base/memory-reading.js';
import { Qualification } from './devices/qualification.js';
import { goldenPlans } from './operations/index.js';
import { Scheduler } from './scheduler/scheduler.js';
import { Shadow } from './scheduler/shadow.js';
import type { Finished } from './scheduler/work.js';
import { sweepOrphans } from './worker/orphans.js';
import { WorkerDevice } from './worker/worker-device.js';

export interface DevicesOptions {
  readonly addon: HostAddon;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly config: Pick<Config, 'cpu' | 'gpu'>;
  /** Unset: threads run anywhere, one per core in each pool. */
  readonly cores?: CorePlan;
  /** Private to this user: workers keep what they compiled there. */
  readonly folder: string;
  /** What the devices share with their workers counts there. */
  readonly regions?: { readonly budget: Budget };
}

export interface OpenDevices {
  readonly scheduler: Scheduler;
  /** What is not as it should be for as long as the devices are open. */
  readonly warnings: readonly string[];
  /** To be called with the result of a job before anybody changes it. */
  readonly look: (plan: Plan, finished: Finished) => void;
  /** One result of the GPU in so many is looked at again. */
  readonly checkOneIn: (count: number) => void;
  /** What the status tells of a device beside what it says itself. */
  readonly facts: (device: Device) => {
    workers: number | undefined;
    quarantines: { kernel: string; reason: string }[];
  };
  /** What a scrape reads. */
  readings(): (ReturnType<typeof readingOf> & { readonly busyNs: number; readonly parallel: number })[];
  /** Memory of the workers that is given out again and again. */
  pools(): readonly PoolReading[];
  /** What policy lets run from now on. */
  obey(allowance: Allowance): void;
  /** The workers start. Once the daemon serves: until then they would only keep it from it. Never rejects. */
  begin(): Promise<void>;
  close(): Promise<void>;
}

export function openDevices(options: DevicesOptions): OpenDevices {
  const { addon, announce, clock, config } = options;
  const cpu = new CpuDevice(addon, options.cores ?? { threads: config.cpu.threads ?? availableParallelism() });
  const gpu = config.gpu.enabled ? openGpu(options, cpu, () => shadow.takes()) : undefined;
  const shared = gpu && options.regions?.budget.take('gpu', 'worker', config.gpu.memory_bytes);
  const scheduler = new Scheduler(clock, gpu ? [cpu, gpu.device] : [cpu]);
  const shadow: Shadow = new Shadow({
    floor: cpu,
    oneIn: config.gpu.check_one_in,
    announce,
    submit: (order, placement) => scheduler.submit(order, placement),
    onMismatch: ({ info }, kernel) => {
      if (gpu?.qualification.mismatch(info, kernel)) gpu.device.withdraw(kernel);
    },
  });
  return {
    scheduler,
    warnings: warningsOf(cpu),
    look: (plan, finished) => shadow.look(plan, finished),
    checkOneIn: (count) => (shadow.oneIn = count),
    facts: (device) =>
      device === gpu?.device
        ? { workers: gpu.device.workers, quarantines: [...gpu.qualification.quarantines(device.info)] }
        : { workers: undefined, quarantines: [] },
    readings: () =>
      scheduler.devices.map((device) => ({
        ...readingOf(device, gpu?.device),
        busyNs: scheduler.busyNs(device),
        parallel: device.parallel,
      })),
    pools: () => poolsOf(gpu?.device),
    obey: (allowance) => {
      scheduler.obey(allowance);
      gpu?.device.obey(allowance);
    },
    begin: async () => {
      await gpu?.device.begin().catch((error: unknown) => {
        announce({ kind: 'warning', text: `the GPU cannot be used: ${(error as Error).message}` });
      });
    },
    close: async () => {
      await gpu?.device.close();
      shared?.release();
      await cpu.close();
    },
  };
}

function warningsOf({ info, threadsNotLowered: count }: CpuDevice): string[] {
  if (count === 0) return [];
  return [
    `the system refused ${count} of ${info.threads} CPU threads the priority or the cores of its work: bulk work may hold up ORDER`,
  ];
}

function poolsOf(gpu: WorkerDevice | undefined): readonly PoolReading[] {
  if (!gpu?.memory) return [];
  const { given, refused, heldBytes, usedBytes, fragmentation } = gpu.memory;
  return [{ name: 'gpu', hits: given, misses: refused, freeBytes: heldBytes - usedBytes, fragmentation }];
}

function readingOf(device: Device, gpu: WorkerDevice | undefined) {
  const worker = device === gpu ? gpu : undefined;
  return { kind: device.info.kind, up: device.state.up, workers: worker?.workers, memory: worker?.memory };
}

/** Until a worker is qualified the device is down. */
function openGpu(
  { addon, announce, clock, config: { gpu }, folder }: DevicesOptions,
  floor: CpuDevice,
  takesSample: () => boolean,
) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  sweepOrphans(folder);
  const qualification = new Qualification({ floor, announce, golden: goldenPlans });
  const device = new WorkerDevice({
    addon,
    announce,
    clock,
    executable: executableOf(addon),
    device: 'gpu',
    folder,
    arenaBytes: gpu.memory_bytes,
    pools: floor.pools,
    takesSample,
    useStandby: gpu.standby,
    qualify: (candidate) => qualification.judge(candidate),
  });
  return { device, qualification };
}

/** The worker that can do everything wrong comes with the addon's build with test hooks. */
function executableOf({ version }: HostAddon): string {
  const name = version.endsWith('+test') ? 'acceld-worker-test' : 'acceld-worker';
  return join(fileURLToPath(new URL('../../build/Release', import.meta.url)), name);
}
