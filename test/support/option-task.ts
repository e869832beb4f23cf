import { noRoom, type Plan } from '../../src/daemon/base/plan.js';
import type { HostAddon } from '../../src/daemon/devices/host-addon.js';
import { Device, Precision, Priority } from '../../src/gen/acceld/v1/execution.js';

/** The arguments of one call of a kernel of the addon, all rows alike: an option at the money whose price is `price`. */
export interface OptionTask {
  readonly kernel: number;
  readonly params: Uint8Array;
  readonly inputs: ArrayBufferView[];
  readonly outputs: (ArrayBufferView | null)[];
  readonly prices: Float64Array;
}

export const kernelName = 'price-options-f64';

/** Of S = K = 100, r = 5 %, volatility 20 %, one year: the textbook's 10.4506. */
export const price = 10.450583572185565;

/** `rows` values per column, or one that holds for every row. */
export function optionTask(addon: HostAddon, rows: number, { single = false } = {}): OptionTask {
  const kernel = addon.kernels.findIndex(({ name }) => name === kernelName);
  const numbers = (value: number) => new Float64Array(single ? 1 : rows).fill(value);
  const prices = new Float64Array(rows);
  return {
    kernel,
    params: new Uint8Array(Uint32Array.of(1).buffer),
    inputs: [new Uint8Array(single ? 1 : rows).fill(1), ...[100, 100, 0.05, 0, 0.2, 1].map(numbers)],
    outputs: addon.kernels[kernel]!.outputs.map((_, index) => (index === 0 ? prices : null)),
    prices,
  };
}

/** The same as a plan. The prices alone are wanted. */
export function optionPlan(addon: HostAddon, rows: number): Plan {
  const { params, inputs } = optionTask(addon, rows);
  return {
    execution: {
      device: Device.DEVICE_AUTO,
      fallbackAllowed: true,
      precision: Precision.PRECISION_F64,
      reproducible: true,
      priority: Priority.PRIORITY_INTERACTIVE,
      isPriorityUnset: false,
      validateOnly: false,
    },
    kernel: kernelName,
    params,
    rows,
    rowUnits: 1,
    inputs,
    outputs: [true, ...new Array<boolean>(8).fill(false)],
    room: noRoom,
  };
}
