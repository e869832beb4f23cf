// The memory of the budget and of the pools, for telemetry and for the status.

/** Memory that is given out again and again. */
export interface PoolReading {
  /** "regions", or the device whose workers share it. */
  readonly name: string;
  /** Wishes that it had room for, and those that it had none for. */
  readonly hits: number;
  readonly misses: number;
  readonly freeBytes: number;
  /** 0: what is free is one piece, or is only given as it is. Near 1: many small ones. */
  readonly fragmentation: number;
}

/** What one owner has of one kind. */
export interface Holding {
  readonly owner: string;
  readonly kind: string;
  readonly bytes: number;
  readonly claims: number;
}

export interface MemoryReading {
  readonly budgetBytes: number;
  /** By kind. */
  readonly usedBytes: Readonly<Record<string, number>>;
  readonly holdings: readonly Holding[];
  readonly regions: number;
  readonly pools: readonly PoolReading[];
}
