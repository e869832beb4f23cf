import type { Rows } from '../base/plan.js';
import type { PoolAnswer, Pools, PoolTask } from '../devices/pools.js';

/** Before the first measurement: a row of an option takes 64 bytes each way, at 25 GB/s. */
const firstRowNs = 2.5;
const learningRate = 0.1;
/** A shorter move measures cold caches. */
const measurableRows = 256;

type Way = 'there' | 'back';

/** Takes columns in regions to the memory of a worker, and results back, on the pools: the event loop never copies them. */
export class Moves {
  readonly #pools: Pools;
  readonly #rowNs = { there: firstRowNs, back: firstRowNs };
  #running = 0;
  #whenIdle: (() => void) | undefined;

  constructor(pools: Pools) {
    this.#pools = pools;
  }

  /** There and back, learnt from the moves that were made. */
  get rowNs(): number {
    return this.#rowNs.there + this.#rowNs.back;
  }

  run(way: Way, task: PoolTask, answer: PoolAnswer): void {
    this.#pools.run(task, (flags, moveNs) => {
      this.#running -= 1;
      this.#learn(way, task, moveNs);
      answer(flags, moveNs);
      if (this.#running === 0) this.#whenIdle?.();
    });
    this.#running += 1;
  }

  /** Resolves once nothing is on its way, and the memory may go. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => (this.#whenIdle = resolve));
  }

  #learn(way: Way, { begin, end }: Rows, moveNs: number): void {
    const rows = end - begin;
    if (rows >= measurableRows) this.#rowNs[way] += learningRate * (moveNs / rows - this.#rowNs[way]);
  }
}
