// Decides whether memory may be taken that outlives a call: one budget for regions and for what devices share with their
// workers. Knows who has how much, so that what is never given back has a name. Never waits.
import { Fault, type QuotaViolation } from '../base/fault.js';
import type { Holding } from '../base/memory-reading.js';
import { retryAfterMs } from '../base/limits.js';

/** pool: kept for whoever had it. */
export type MemoryKind = 'region' | 'worker' | 'pool';

export interface BudgetLimits {
  readonly bytesMax: number;
  /** Of one owner. */
  readonly ownerBytesMax: number;
  /** Memory that the system must keep free, or it would begin to swap. */
  readonly reserveBytes: number;
}

/** What is taken, until it is given back. */
export interface Claim {
  readonly bytes: number;
  release(): void;
}

export class Budget {
  limits: BudgetLimits;
  readonly #availableBytes: () => number | undefined;
  readonly #holdings = new Map<string, { owner: string; kind: MemoryKind; bytes: number; claims: number }>();
  #used = 0;

  /** `availableBytes`: what the system could still give; undefined where it cannot tell. */
  constructor(limits: BudgetLimits, availableBytes: () => number | undefined) {
    this.limits = limits;
    this.#availableBytes = availableBytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Everything that is held, by owner and kind. Empty: nothing leaks. */
  get holdings(): readonly Holding[] {
    return [...this.#holdings.values()].map((holding) => ({ ...holding }));
  }

  get usedByKind(): Readonly<Record<MemoryKind, number>> {
    const used = { region: 0, worker: 0, pool: 0 };
    for (const { kind, bytes } of this.#holdings.values()) used[kind] += bytes;
    return used;
  }

  usedBy(owner: string): number {
    return this.#bytes((holding) => holding.owner === owner);
  }

  usedForRegionsBy(owner: string): number {
    return this.#bytes((holding) => holding.owner === owner && holding.kind === 'region');
  }

  fits(owner: string, bytes: number): boolean {
    return this.#excesses(owner, bytes).length === 0;
  }

  /** Throws MEMORY_EXCEEDED, which names each limit and its use. */
  claim(owner: string, kind: MemoryKind, bytes: number): Claim {
    const quota = this.#excesses(owner, bytes);
    if (quota.length > 0) {
      const sentence = quota.map(({ subject, description }) => `${subject}: ${description}`).join('; ');
      throw new Fault('MEMORY_EXCEEDED', sentence, { quota, retryAfterMs });
    }
    return this.take(owner, kind, bytes);
  }

  /** Counts what the settings have decided already. */
  take(owner: string, kind: MemoryKind, bytes: number): Claim {
    const key = `${kind} ${owner}`;
    const holding = this.#holdings.get(key) ?? { owner, kind, bytes: 0, claims: 0 };
    this.#holdings.set(key, holding);
    this.#used += bytes;
    holding.bytes += bytes;
    holding.claims += 1;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#used -= bytes;
      holding.bytes -= bytes;
      holding.claims -= 1;
      if (holding.claims === 0) this.#holdings.delete(key);
    };
    return { bytes, release };
  }

  #bytes(isMeant: (holding: Holding) => boolean): number {
    return this.holdings.filter(isMeant).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #excesses(owner: string, bytes: number): QuotaViolation[] {
    const { bytesMax, ownerBytesMax, reserveBytes } = this.limits;
    const available = this.#availableBytes();
    const quota: QuotaViolation[] = [];
    const refuse = (subject: string, use: number, limit: number): void => {
      if (use + bytes <= limit) return;
      const description = `bytes of memory: ${use} in use and ${bytes} more would exceed ${limit}`;
      quota.push({ subject, description });
    };
    refuse(`caller:${owner}`, this.usedBy(owner), ownerBytesMax);
    refuse('daemon', this.#used, bytesMax);
    if (available !== undefined && reserveBytes > 0 && available - bytes < reserveBytes) {
      const description = `bytes of memory: ${bytes} more would leave less than ${reserveBytes} of the ${available} available`;
      quota.push({ subject: 'machine', description });
    }
    return quota;
  }
}
