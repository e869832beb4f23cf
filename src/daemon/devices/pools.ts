// The native threads of this process: one pool for urgent and one for bulk work. Knows no job.
import type { Rows } from '../base/plan.js';
import {
  guardBlockRows,
  guardBlockShift,
  type HostAddon,
  type HostGuard,
  type HostPool,
  type TaskDone,
} from './host-addon.js';

/** Below every other thread of the machine, and not frozen by them: see docs/ARCHITECTURE.md, "Two pools". */
const bulkNiceness = 19;

/** Tokens of the pools are 32-bit. */
const tokensMax = 2 ** 32;

/** Rows of one kernel, as HostPool.submit takes them. */
export interface PoolTask extends Rows {
  readonly kernel: number;
  readonly params: Uint8Array;
  readonly inputs: readonly ArrayBufferView[];
  readonly outputs: readonly (ArrayBufferView | null)[];
  readonly guard: HostGuard | undefined;
  readonly bulk: boolean;
}

export type PoolAnswer = (flags: number, computeNs: number) => void;

export class Pools {
  readonly threads: number;
  readonly #urgent: HostPool;
  readonly #bulk: HostPool;
  readonly #running = new Map<number, PoolAnswer>();
  #nextToken = 0;

  constructor(addon: HostAddon, { threads }: { threads: number }) {
    const done: TaskDone = (token, flags, computeNs) => this.#finish(token, flags, computeNs);
    this.threads = threads;
    this.#urgent = addon.openPool({ name: 'acceld-urgent', threads, niceness: 0 }, done);
    this.#bulk = addon.openPool({ name: 'acceld-bulk', threads, niceness: bulkNiceness }, done);
  }

  /** Bulk threads that run at normal priority because the system refused to lower it. */
  get threadsNotLowered(): number {
    return this.#bulk.threadsNotLowered;
  }

  /** `answer` comes on a later turn of the event loop. Throws TypeError or RangeError for a malformed task. */
  run({ kernel, params, inputs, outputs, begin, end, guard, bulk }: PoolTask, answer: PoolAnswer): void {
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % tokensMax;
    (bulk ? this.#bulk : this.#urgent).submit(token, kernel, params, inputs, outputs, begin, end, guard);
    this.#running.set(token, answer);
  }

  close(): void {
    this.#urgent.close();
    this.#bulk.close();
  }

  #finish(token: number, flags: number, computeNs: number): void {
    const answer = this.#running.get(token);
    if (answer === undefined) throw new Error(`a pool ended task ${token}, which was not running`);
    this.#running.delete(token);
    answer(flags, computeNs);
  }
}

/** The block of a task's rows that flags name, in which a value was outside the guard's domain. */
export function rowsOutOfDomain({ begin, end }: Rows, flags: number): Rows {
  const first = begin + (flags >>> guardBlockShift) * guardBlockRows;
  return { begin: first, end: Math.min(first + guardBlockRows, end) };
}
