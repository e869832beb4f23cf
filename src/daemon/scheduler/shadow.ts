// Looks again at what devices computed: a fraction of the results is recomputed on the floor, from the same private inputs,
// below all other work, and compared bit by bit. Of a job with a guard some rows, which the device copied on their way.
import { Device as DeviceKind, Priority } from '../../gen/acceld/v1/execution.js';
import type { Announce } from '../base/events.js';
import { Fault } from '../base/fault.js';
import type { Plan } from '../base/plan.js';
import type { Device } from '../devices/device.js';
import { haveSameBits } from '../devices/qualification.js';
import type { Finished, Order, Placement } from './work.js';

export interface ShadowSettings {
  readonly floor: Device;
  /** One result in so many is looked at. */
  readonly oneIn: number;
  readonly submit: (order: Order, placement: Placement) => Promise<Finished>;
  /** A result was wrong. */
  readonly onMismatch: (device: Device, kernel: string) => void;
  readonly announce: Announce;
}

/** Results that wait for their second look: more are not looked at, so that a slow floor fills no memory. */
const waitingMax = 16;

const free = { enterQueue: () => undefined, leaveQueue: () => undefined };

const copyOf = (column: Uint8Array | null): Uint8Array | null => column && new Uint8Array(column);

export class Shadow {
  readonly #settings: ShadowSettings;
  /** One result in so many is looked at. */
  oneIn: number;
  #seen = 0;
  #waiting = 0;

  constructor(settings: ShadowSettings) {
    this.#settings = settings;
    this.oneIn = settings.oneIn;
  }

  /** Whether one more job is to be looked at: of one with a guard it must be known before it runs. */
  takes(): boolean {
    this.#seen += 1;
    return this.#seen % this.oneIn === 0 && this.#waiting < waitingMax;
  }

  /** To be called before anybody changes the result. */
  look(plan: Plan, { placement: { device }, outputs, outOfDomain, sample }: Finished): void {
    // A job that was refused has no result.
    if (device === this.#settings.floor || outOfDomain) return;
    if (sample) this.#begin(sample.plan, device, sample.outputs);
    else if (!plan.guard && this.takes()) this.#begin(plan, device, outputs.map(copyOf));
  }

  #begin(plan: Plan, device: Device, computed: Finished['outputs']): void {
    this.#waiting += 1;
    void this.#compare(plan, device, computed).finally(() => (this.#waiting -= 1));
  }

  async #compare(plan: Plan, device: Device, computed: Finished['outputs']): Promise<void> {
    const { floor, submit, onMismatch, announce } = this.#settings;
    const execution = { ...plan.execution, device: DeviceKind.DEVICE_CPU, priority: Priority.PRIORITY_BACKGROUND };
    const never = new AbortController().signal;
    const order = { plan: { ...plan, execution }, deadlineNs: Infinity, cancellation: () => never, gate: free };
    try {
      const { outputs } = await submit(order, { device: floor, fallback: undefined });
      const isSame = haveSameBits(outputs, computed);
      announce({ kind: 'result-checked', device: device.info.kind, kernel: plan.kernel, isSame });
      if (!isSame) onMismatch(device, plan.kernel);
    } catch (error) {
      // Policy lets no BACKGROUND work in: the next result is looked at.
      if (error instanceof Fault) return;
      announce({ kind: 'bug', where: 'second look', requestId: '', error });
    }
  }
}
