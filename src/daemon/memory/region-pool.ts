// Memory of regions that were released, kept a while for the next one: fresh pages cost a region twenty times what cleared
// ones do. It goes to the connection that released it and to nobody else, because a client may have kept its mapping.
import type { Caller } from '../base/caller.js';
import { regionKeptBytesMin, regionLeaseMs } from '../base/limits.js';
import type { PoolReading } from '../base/memory-reading.js';
import type { Budget, Claim } from './budget.js';
import type { SharedMemory } from './shared-memory.js';

export interface RegionPoolOptions {
  readonly budget: Budget;
  /** Calls `act` after so many milliseconds. */
  readonly later: (ms: number, act: () => void) => void;
}

interface Kept {
  readonly connection: string;
  readonly owner: string;
  readonly memory: SharedMemory;
  readonly claim: Claim;
}

export class RegionPool {
  readonly #options: RegionPoolOptions;
  readonly #kept = new Set<Kept>();
  readonly #closing = new Set<Promise<void>>();
  #isShrunk = false;
  #hits = 0;
  #misses = 0;

  constructor(options: RegionPoolOptions) {
    this.#options = options;
  }

  get reading(): PoolReading {
    const freeBytes = [...this.#kept].reduce((sum, { claim }) => sum + claim.bytes, 0);
    return { name: 'regions', hits: this.#hits, misses: this.#misses, freeBytes, fragmentation: 0 };
  }

  /** Memory of exactly so many bytes, all zeros, and the claim on it. */
  async take({ connection }: Caller, bytes: number): Promise<{ memory: SharedMemory; claim: Claim } | undefined> {
    if (bytes < regionKeptBytesMin) return undefined;
    const found = [...this.#kept].find((kept) => kept.connection === connection && kept.claim.bytes === bytes);
    if (found === undefined) {
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    this.#kept.delete(found);
    await found.memory.clear();
    found.claim.release();
    return { memory: found.memory, claim: this.#options.budget.take(found.owner, 'region', bytes) };
  }

  /** False: it is not worth it, or memory is short. */
  keep({ connection, name: owner }: Caller, memory: SharedMemory, bytes: number): boolean {
    if (bytes < regionKeptBytesMin || this.#isShrunk) return false;
    const { budget, later } = this.#options;
    const kept: Kept = { connection, owner, memory, claim: budget.take(owner, 'pool', bytes) };
    this.#kept.add(kept);
    later(regionLeaseMs, () => this.#drop((one) => one === kept));
    return true;
  }

  /** Its connection is closed. */
  connectionClosed(connection: string): void {
    this.#drop((kept) => kept.connection === connection);
  }

  /** Nothing is kept while the machine is short of memory. */
  shrink(isShrunk: boolean): void {
    this.#isShrunk = isShrunk;
    if (isShrunk) this.#drop(() => true);
  }

  /** Resolves once everything is given back. */
  async empty(): Promise<void> {
    this.#drop(() => true);
    await Promise.all(this.#closing);
  }

  #drop(isMeant: (kept: Kept) => boolean): void {
    for (const kept of [...this.#kept].filter(isMeant)) {
      this.#kept.delete(kept);
      const closed = kept.memory.close().finally(() => {
        kept.claim.release();
        this.#closing.delete(closed);
      });
      this.#closing.add(closed);
    }
  }
}
