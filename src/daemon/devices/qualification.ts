// Whether a kernel on a device may be trusted: it must give the bits of the floor for golden jobs, before it serves, and
// in service whenever it is looked at again. A kernel that fails is quarantined there until the driver or the kernel is
// another.
import type { Announce } from '../base/events.js';
import type { Plan, Result } from '../base/plan.js';
import type { Device, DeviceInfo, Load, LoadResult, Outcome } from './device.js';

/** A device, or a worker of one that has not been trusted yet. */
export interface Candidate {
  readonly info: DeviceInfo;
  /** Rejects with DeviceFailure. */
  readonly run: (plan: Plan) => Promise<Pick<Result, 'outputs'>>;
}

export interface QualificationSettings {
  readonly floor: Device;
  readonly announce: Announce;
  /** Jobs whose bits are compared, of every kernel. Asked for once there is something to compare. */
  readonly golden: () => readonly Plan[];
}

/** Mismatches in service that quarantine a kernel. One may be a cosmic ray. */
const mismatchesMax = 2;

export class Qualification {
  readonly #settings: QualificationSettings;
  #golden: readonly Plan[] | undefined;
  readonly #expected = new Map<Plan, Promise<Pick<Result, 'outputs'>>>();
  /** Reasons, by device, driver and kernel. */
  readonly #quarantined = new Map<string, string>();
  readonly #mismatches = new Map<string, number>();

  constructor(settings: QualificationSettings) {
    this.#settings = settings;
  }

  /** Names of the kernels that may be trusted. Rejects where none may, and with the failure of a candidate that died. */
  async judge({ info, run }: Candidate): Promise<readonly string[]> {
    const trusted: string[] = [];
    for (const { name } of info.kernels) {
      if (this.reason(info, name) === undefined && (await this.#passes({ info, run }, name))) trusted.push(name);
    }
    if (trusted.length === 0) throw new Error('none of its kernels gives the bits of the CPU');
    return trusted;
  }

  /** Why a kernel is quarantined on a device, or undefined. */
  reason(info: DeviceInfo, kernel: string): string | undefined {
    return this.#quarantined.get(keyOf(info, kernel));
  }

  /** Every quarantine of a device. */
  quarantines({ engine, name, variant }: DeviceInfo): readonly { kernel: string; reason: string }[] {
    const prefix = `${engine}\0${name}\0${variant}\0`;
    return [...this.#quarantined]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, reason]) => ({ kernel: key.slice(prefix.length).split('\0')[0]!, reason }));
  }

  /** A result in service differed from the floor's. True: the kernel is quarantined now. */
  mismatch(info: DeviceInfo, kernel: string): boolean {
    const key = keyOf(info, kernel);
    const count = (this.#mismatches.get(key) ?? 0) + 1;
    this.#mismatches.set(key, count);
    if (count < mismatchesMax) return false;
    this.#quarantine(info, kernel, `${count} of its results differed from the CPU's`);
    return true;
  }

  async #passes({ info, run }: Candidate, kernel: string): Promise<boolean> {
    this.#golden ??= this.#settings.golden();
    const plans = this.#golden.filter((plan) => plan.kernel === kernel);
    if (plans.length === 0) {
      this.#quarantine(info, kernel, 'nobody knows a job that would prove it');
      return false;
    }
    for (const plan of plans) {
      const [expected, computed] = [await this.#expect(plan), await run(plan)];
      if (haveSameBits(expected.outputs, computed.outputs)) continue;
      this.#quarantine(info, kernel, 'it does not give the bits of the CPU for a golden job');
      return false;
    }
    return true;
  }

  #expect(plan: Plan): Promise<Pick<Result, 'outputs'>> {
    let expected = this.#expected.get(plan);
    if (!expected) this.#expected.set(plan, (expected = compute(this.#settings.floor, plan)));
    return expected;
  }

  #quarantine(info: DeviceInfo, kernel: string, reason: string): void {
    this.#quarantined.set(keyOf(info, kernel), reason);
    this.#settings.announce({ kind: 'kernel-quarantined', device: info.kind, kernel, reason });
  }
}

function keyOf({ engine, name, variant, kernels }: DeviceInfo, kernel: string): string {
  const digest = kernels.find((known) => known.name === kernel)?.digest ?? '';
  return [engine, name, variant, kernel, digest].join('\0');
}

/**
 * All rows of a plan on a device. Without `units` nothing is learnt of its speed: a first run below all other work would say
 * that the kernel is ten times as slow as it is.
 */
export const compute = (device: Device, plan: Plan, units = 0): Promise<Result & LoadResult> =>
  resultOf(device.load(plan), plan, units);

/** All rows of a load, in one task. Rejects with DeviceFailure. */
export async function resultOf(load: Load, { rows }: Plan, units: number): Promise<Result & LoadResult> {
  const task = { begin: 0, end: rows, units, bulk: true, inline: false };
  try {
    const { failure, notFinite } = await new Promise<Outcome>((done) => load.run(task, done));
    if (failure) throw failure;
    return { ...load.result(), notFinite };
  } finally {
    load.release();
  }
}

export function haveSameBits(some: Result['outputs'], others: Result['outputs']): boolean {
  return some.every((column, index) => {
    const other = others[index];
    return column && other ? Buffer.compare(column, other) === 0 : !column && !other;
  });
}
