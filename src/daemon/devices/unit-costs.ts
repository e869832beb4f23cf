/** Before the first measurement: slower than any kernel in use, so that no first job blocks the event loop. */
const firstUnitNs = 100;

/** Weight of a new measurement: a cost that changed is learnt within some ten tasks, one disturbed task moves little. */
const learningRate = 0.2;

/** A smaller task measures the cost of a call, and cold caches, not its work. */
const measurableUnits = 256;

/** Device time of one unit of each kernel's work, learnt from the tasks that ran. */
export class UnitCosts {
  readonly #unitNs = new Map<string, number>();

  unitNs(kernel: string): number {
    return this.#unitNs.get(kernel) ?? firstUnitNs;
  }

  learn(kernel: string, units: number, computeNs: number): void {
    if (units < measurableUnits) return;
    const known = this.#unitNs.get(kernel);
    const measured = computeNs / units;
    this.#unitNs.set(kernel, known === undefined ? measured : known + learningRate * (measured - known));
  }
}
