import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { Fault } from '../base/fault.js';
import type { Device } from '../devices/device.js';
import type { Plan } from '../base/plan.js';
import type { Placement } from './work.js';

const names: Readonly<Partial<Record<DeviceKind, string>>> = {
  [DeviceKind.DEVICE_CPU]: 'CPU',
  [DeviceKind.DEVICE_GPU]: 'GPU',
  [DeviceKind.DEVICE_NEURAL_ENGINE]: 'Neural Engine',
};

/** Chooses the device for a job. Throws where the caller's terms cannot be met; never bends them silently. */
export function place(plan: Plan, devices: readonly Device[]): Placement {
  const { device: wanted, fallbackAllowed } = plan.execution;
  const able = devices.filter((device) => device.info.kernels.some(({ name }) => name === plan.kernel));
  const [first] = able;
  if (first === undefined) throw new Error(`no device has the kernel ${plan.kernel}`);
  if (wanted === DeviceKind.DEVICE_AUTO) return { device: first, fallback: undefined };
  const asked = able.find((device) => device.info.kind === wanted);
  if (asked) return { device: asked, fallback: undefined };
  const name = names[wanted] ?? 'device';
  const exists = devices.some((device) => device.info.kind === wanted);
  const reason = exists
    ? `the ${name} has no kernel ${plan.kernel}`
    : `this machine has no ${name} that acceld can use`;
  if (!fallbackAllowed) throw new Fault('DEVICE_ABSENT', `${reason}, and fallback is forbidden`);
  return { device: first, fallback: { from: wanted, reason } };
}
