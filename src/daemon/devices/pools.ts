// The native threads of this process: a pool for urgent and one for bulk work, and one for BACKGROUND where it has cores of
// its own. Knows no job.
import type { CorePlan } from '../base/cores.js';
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
  /** Bulk work that runs only where nothing else does. */
  readonly background?: boolean | undefined;
}

export type PoolAnswer = (flags: number, computeNs: number) => void;

export class Pools {
  readonly threads: number;
  readonly #urgent: HostPool;
  readonly #bulk: HostPool;
  readonly #background: HostPool | undefined;
  readonly #running = new Map<number, PoolAnswer>();
  #nextToken = 0;

  constructor(addon: HostAddon, { threads, urgentCpus, bulkThreads = threads, background }: CorePlan) {
    const done: TaskDone = (token, flags, computeNs) => this.#finish(token, flags, computeNs);
    this.threads = threads + bulkThreads + (background?.threads ?? 0);
    this.#urgent = addon.openPool({ name: 'acceld-urgent', threads, niceness: 0, cpus: urgentCpus }, done);
    this.#bulk = addon.openPool({ name: 'acceld-bulk', threads: bulkThreads, niceness: bulkNiceness }, done);
    const idle = { name: 'acceld-idle', niceness: bulkNiceness, background: true };
    this.#background = background && addon.openPool({ ...idle, ...background }, done);
  }

  /** Threads whose priority or place the system refused. */
  get threadsNotLowered(): number {
    const pools = [this.#urgent, this.#bulk, this.#background];
    return pools.reduce((sum, pool) => sum + (pool?.threadsNotLowered ?? 0), 0);
  }

  /** `answer` comes on a later turn of the event loop. Throws TypeError or RangeError for a malformed task. */
  run({ kernel, params, inputs, outputs, begin, end, guard, bulk, background }: PoolTask, answer: PoolAnswer): void {
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % tokensMax;
    const pool = background ? (this.#background ?? this.#bulk) : bulk ? this.#bulk : this.#urgent;
    pool.submit(token, kernel, params, inputs, outputs, begin, end, guard);
    this.#running.set(token, answer);
  }

  close(): void {
    this.#urgent.close();
    this.#bulk.close();
    this.#background?.close();
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
