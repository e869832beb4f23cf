// The GPU: its worker processes, whether their kernels are trusted, and the second look at their results.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from './base/clock.js';
import type { Announce } from './base/events.js';
import type { Config } from './config/schema.js';
import type { HostAddon } from './devices/host-addon.js';
import type { Device } from './devices/device.js';
import { Qualification } from './devices/qualification.js';
import { goldenPlans } from './operations/index.js';
import { sweepFolders } from './worker/supervisor.js';
import { WorkerDevice } from './worker/worker-device.js';

export interface GpuOptions {
  readonly addon: HostAddon;
  readonly announce: Announce;
  readonly config: Config['gpu'];
  /** Private to this user. */
  readonly folder: string;
  readonly floor: Device;
}

export interface OpenGpu {
  readonly device: WorkerDevice;
  readonly qualification: Qualification;
}

/** Resolves at once: the first worker looks for a GPU meanwhile, and until one is qualified the device is down. */
export async function openGpu({ addon, announce, config, folder, floor }: GpuOptions): Promise<OpenGpu> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  sweepFolders(folder, readdirSync(folder));
  const qualification = new Qualification({ floor, announce, golden: goldenPlans() });
  const device = await WorkerDevice.open({
    addon,
    announce,
    clock: systemClock,
    executable: executableOf(addon),
    device: 'gpu',
    folder,
    arenaBytes: config.memory_bytes,
    useStandby: config.standby,
    qualify: (candidate) => qualification.judge(candidate),
  });
  return { device, qualification };
}

/** The worker that can do everything wrong comes with the addon's build with test hooks. */
function executableOf({ version }: HostAddon): string {
  const name = version.endsWith('+test') ? 'acceld-worker-test' : 'acceld-worker';
  return join(fileURLToPath(new URL('../../build/Release', import.meta.url)), name);
}
