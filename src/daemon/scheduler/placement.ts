import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { Fault } from '../base/fault.js';
import { retryAfterMs } from '../base/limits.js';
import type { Plan } from '../base/plan.js';
import type { Device, DeviceFailure } from '../devices/device.js';
import type { Placement } from './work.js';

const names: Readonly<Partial<Record<DeviceKind, string>>> = {
  [DeviceKind.DEVICE_CPU]: 'CPU',
  [DeviceKind.DEVICE_GPU]: 'GPU',
  [DeviceKind.DEVICE_NEURAL_ENGINE]: 'Neural Engine',
};

const nameOf = (kind: DeviceKind): string => names[kind] ?? 'device';

/** Times that a job which only waited in a lost device is given to it again. */
const lossesMax = 2;
/** Deaths of a device during a job after which it never gets that job again. */
const deathsMax = 2;

const isAble = ({ info }: Device, plan: Plan): boolean => info.kernels.some(({ name }) => name === plan.kernel);

/**
 * Chooses the device for a job: the one asked for, or the one predicted to finish first. Throws where the caller's terms
 * cannot be met; never bends them silently. The first device is the floor, which is always there.
 */
export function place(plan: Plan, devices: readonly Device[], finishNs: (device: Device) => number): Placement {
  const { device: wanted, fallbackAllowed } = plan.execution;
  const able = devices.filter((device) => isAble(device, plan));
  const up = able.filter(({ state }) => state.up);
  if (wanted === DeviceKind.DEVICE_AUTO) return { device: soonest(up, finishNs, plan), fallback: undefined };
  const asked = up.find(({ info }) => info.kind === wanted);
  if (asked) return { device: asked, fallback: undefined };
  const down = devices.find(({ info, state }) => info.kind === wanted && !state.up);
  const reason = whyNot(wanted, plan, devices);
  if (fallbackAllowed) return { device: soonest(up, finishNs, plan), fallback: { from: wanted, reason } };
  if (down) throw unavailable(reason);
  throw new Fault('DEVICE_ABSENT', `${reason}, and fallback is forbidden`);
}

function soonest(up: readonly Device[], finishNs: (device: Device) => number, plan: Plan): Device {
  let best: Device | undefined;
  let bestNs = Infinity;
  for (const device of up) {
    const deviceNs = finishNs(device);
    if (best && deviceNs >= bestNs) continue;
    [best, bestNs] = [device, deviceNs];
  }
  if (!best) throw new Error(`no device has the kernel ${plan.kernel}`);
  return best;
}

function whyNot(kind: DeviceKind, plan: Plan, devices: readonly Device[]): string {
  const device = devices.find(({ info }) => info.kind === kind);
  if (!device) return `this machine has no ${nameOf(kind)} that acceld can use`;
  if (!device.state.up) return `the ${nameOf(kind)} is down: ${device.state.reason}`;
  return `the ${nameOf(kind)} has no kernel ${plan.kernel}`;
}

const unavailable = (reason: string): Fault =>
  new Fault('DEVICE_UNAVAILABLE', `${reason}, and fallback is forbidden`, { retryAfterMs });

/** What befell a job so far. */
export interface Mishap {
  readonly device: Device;
  readonly failure: DeviceFailure;
  /** Deaths of the device while it executed this job, this one included. */
  readonly deaths: number;
  /** Losses of the device while this job waited in it, this one included. */
  readonly losses: number;
}

/**
 * Where a job goes whose device failed. A job that only waited there was not at fault and goes back while the device has a
 * standby. One that was executing finishes on the floor at once, or, where fallback is forbidden, gets one more try.
 */
export function placeAgain(plan: Plan, { device, failure, deaths, losses }: Mishap, floor: Device): Placement {
  const { device: wanted, fallbackAllowed } = plan.execution;
  const from = wanted === DeviceKind.DEVICE_AUTO ? device.info.kind : wanted;
  const reason = `the ${nameOf(device.info.kind)} failed: ${failure.message}`;
  const again: Placement = { device, fallback: undefined };
  if (failure.kind === 'lost' && losses <= lossesMax && device.state.up) return again;
  if (fallbackAllowed && device !== floor) return { device: floor, fallback: { from, reason } };
  if (failure.kind === 'died' && deaths >= deathsMax) {
    throw new Fault(
      'JOB_QUARANTINED',
      `the ${nameOf(from)} died ${deaths} times of this job, and fallback is forbidden`,
    );
  }
  if (failure.kind === 'died' && device.state.up) return again;
  throw unavailable(reason);
}
