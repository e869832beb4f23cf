// The regions of every caller: who owns them, who may use them, and when they end. A region's bytes are its owner's at any
// instant: nothing here ever reads them. Its pages come from the system and go back to it, never from one caller to the next.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../base/caller.js';
import type { Clock } from '../base/clock.js';
import type { Announce } from '../base/events.js';
import { Fault } from '../base/fault.js';
import { pageBytes, regionLeaseMs, regionsPerCallerMax, regionTokenBytes, retryAfterMs } from '../base/limits.js';
import type { MemoryReading } from '../base/memory-reading.js';
import type { Budget, Claim } from './budget.js';
import { RegionPool } from './region-pool.js';
import type { SharedMemory } from './shared-memory.js';

export interface RegionsOptions {
  readonly budget: Budget;
  readonly createMemory: (bytes: number) => Promise<SharedMemory>;
  readonly clock: Clock;
  readonly announce: Announce;
  /** Calls `act` after so many milliseconds. */
  readonly later: (ms: number, act: () => void) => void;
}

export interface Region {
  readonly id: string;
  readonly token: Uint8Array;
  /** Name of the caller. */
  readonly owner: string;
  readonly memory: SharedMemory;
  readonly bytes: number;
  readonly createdNs: number;
  readonly claim: Claim;
  /** Connections that hold it. */
  readonly connections: Set<string>;
  /** When its last connection closed. */
  orphanedNs: number | undefined;
  /** Calls that use it now. */
  uses: number;
  /** It is found no more, and ends with its last use. */
  ended: boolean;
  /** Who may have its memory again: it released the region, which no other connection had. */
  releasedBy: Caller | undefined;
  /** Told once its memory is given back. */
  readonly onClosed: (() => void)[];
}

/** What a call, an upload or a hand-over names: the region stays until `done`. */
export interface Use {
  readonly region: Region;
  done(): void;
}

type End = 'released' | 'lease-ended' | 'daemon-stopped';

export class Regions {
  readonly #options: RegionsOptions;
  readonly #regions = new Map<string, Region>();
  readonly #closing = new Set<Promise<void>>();
  readonly #creating = new Map<string, number>();
  readonly #pool: RegionPool;
  readonly #connections = new Set<string>();
  /** Of every region that there was: no id comes back. */
  #made = 0;
  #isClosed = false;

  constructor(options: RegionsOptions) {
    this.#options = options;
    this.#pool = new RegionPool(options);
  }

  get budget(): Budget {
    return this.#options.budget;
  }

  get count(): number {
    return this.#regions.size;
  }

  get reading(): MemoryReading {
    const { limits, usedByKind, holdings } = this.budget;
    const pools = [this.#pool.reading];
    return { budgetBytes: limits.bytesMax, usedBytes: usedByKind, holdings, regions: this.count, pools };
  }

  /** Whether the machine is short of memory: then nothing is kept that nobody uses. */
  shrink(isShrunk: boolean): void {
    this.#pool.shrink(isShrunk);
  }

  /** Throws MEMORY_EXCEEDED. `caller` holds the region with its connection. */
  async create(caller: Caller, wantedBytes: number): Promise<Region> {
    const bytes = Math.ceil(wantedBytes / pageBytes) * pageBytes;
    this.#checkCount(caller.name);
    this.#countCreating(caller.name, 1);
    let taken: Pick<Region, 'memory' | 'claim'>;
    try {
      taken = (await this.#pool.take(caller, bytes)) ?? (await this.#make(caller.name, bytes));
    } finally {
      this.#countCreating(caller.name, -1);
    }
    this.#made += 1;
    const region: Region = {
      id: `region-${this.#made}`,
      token: randomBytes(regionTokenBytes),
      owner: caller.name,
      ...taken,
      bytes,
      createdNs: this.#options.clock.nowNs(),
      connections: new Set(),
      orphanedNs: undefined,
      uses: 0,
      ended: false,
      releasedBy: undefined,
      onClosed: [],
    };
    this.#regions.set(region.id, region);
    this.#hold(region, caller);
    // It is good for nobody when the daemon stopped meanwhile.
    if (this.#isClosed) this.#end(region, 'daemon-stopped');
    return region;
  }

  /** The caller's connection holds the region from now on. Throws REGION_UNKNOWN, whatever is wrong with id or token. */
  use(caller: Caller, id: string, token: Uint8Array): Use {
    const region = this.#find(caller.name, id, token);
    this.#hold(region, caller);
    return this.#use(region);
  }

  /** For the hand-over of a descriptor, over a connection that holds nothing. */
  peek(owner: string, id: string, token: Uint8Array): Use {
    return this.#use(this.#find(owner, id, token));
  }

  /** Resolves once the calls that use it are over and its memory is given back. Throws REGION_UNKNOWN. */
  release(caller: Caller, id: string, token: Uint8Array): Promise<void> {
    const region = this.#find(caller.name, id, token);
    return new Promise((resolve) => {
      region.onClosed.push(resolve);
      const { connections } = region;
      if (connections.size === 1 && connections.has(caller.connection)) region.releasedBy = caller;
      this.#end(region, 'released');
    });
  }

  list(owner: string): readonly Region[] {
    return [...this.#regions.values()].filter((region) => region.owner === owner);
  }

  connectionOpened(connection: string): void {
    this.#connections.add(connection);
  }

  /** Regions that no other connection holds live for another `regionLeaseMs`. */
  connectionClosed(connection: string): void {
    this.#connections.delete(connection);
    this.#pool.connectionClosed(connection);
    for (const region of this.#regions.values()) {
      if (region.connections.delete(connection) && region.connections.size === 0) this.#orphan(region);
    }
  }

  /** Ends every region whose lease is over. */
  expire(): void {
    const nowNs = this.#options.clock.nowNs();
    for (const region of this.#regions.values()) {
      const { orphanedNs } = region;
      if (orphanedNs !== undefined && nowNs - orphanedNs >= regionLeaseMs * 1e6) this.#end(region, 'lease-ended');
    }
  }

  /** Ends every region; resolves when their memory is given back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const region of this.#regions.values()) this.#end(region, 'daemon-stopped');
    await Promise.all([this.#pool.empty(), ...this.#closing]);
  }

  #checkCount(owner: string): void {
    const regions = this.list(owner).length + (this.#creating.get(owner) ?? 0);
    if (regions < regionsPerCallerMax) return;
    const description = `regions: ${regions + 1} would exceed ${regionsPerCallerMax}`;
    const quota = [{ subject: `caller:${owner}`, description }];
    throw new Fault('MEMORY_EXCEEDED', `caller:${owner}: ${description}`, { quota, retryAfterMs });
  }

  /** What is kept for others goes before anybody is refused. */
  async #make(owner: string, bytes: number): Promise<Pick<Region, 'memory' | 'claim'>> {
    if (!this.budget.fits(owner, bytes)) await this.#pool.empty();
    const claim = this.budget.claim(owner, 'region', bytes);
    try {
      return { memory: await this.#options.createMemory(bytes), claim };
    } catch (error) {
      claim.release();
      throw new Fault('MEMORY_EXCEEDED', (error as Error).message, { retryAfterMs });
    }
  }

  /** A connection that closed before its call came this far holds nothing. */
  #hold(region: Region, { connection }: Caller): void {
    if (!this.#connections.has(connection)) {
      if (region.connections.size === 0) this.#orphan(region);
      return;
    }
    region.connections.add(connection);
    region.orphanedNs = undefined;
  }

  #orphan(region: Region): void {
    region.orphanedNs = this.#options.clock.nowNs();
    // Timers of whole milliseconds may be early.
    this.#options.later(regionLeaseMs + 10, () => this.expire());
  }

  #countCreating(owner: string, by: number): void {
    const count = (this.#creating.get(owner) ?? 0) + by;
    if (count === 0) this.#creating.delete(owner);
    else this.#creating.set(owner, count);
  }

  #find(owner: string, id: string, token: Uint8Array): Region {
    const region = this.#regions.get(id);
    const isKnown =
      region?.owner === owner && token.length === regionTokenBytes && timingSafeEqual(token, region.token);
    if (!isKnown)
      throw new Fault('REGION_UNKNOWN', 'no such region of this caller, or another token, or it was released');
    return region;
  }

  #use(region: Region): Use {
    region.uses += 1;
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      region.uses -= 1;
      this.#closeIfUnused(region);
    };
    return { region, done };
  }

  #end(region: Region, reason: End): void {
    this.#regions.delete(region.id);
    region.ended = true;
    const { id, owner, bytes } = region;
    this.#options.announce({ kind: 'region-ended', id, owner, bytes, reason });
    this.#closeIfUnused(region);
  }

  #closeIfUnused(region: Region): void {
    if (!region.ended || region.uses > 0) return;
    const { releasedBy, memory, bytes } = region;
    if (releasedBy && this.#connections.has(releasedBy.connection) && this.#pool.keep(releasedBy, memory, bytes)) {
      region.claim.release();
      for (const act of region.onClosed) act();
      return;
    }
    const closed = region.memory.close().finally(() => {
      region.claim.release();
      this.#closing.delete(closed);
      for (const act of region.onClosed) act();
    });
    this.#closing.add(closed);
  }
}
