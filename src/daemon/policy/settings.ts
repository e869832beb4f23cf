/** One threshold for each rung above the ground. */
export interface Steps {
  readonly shrink_pools: number;
  readonly no_background: number;
  readonly no_batch: number;
  readonly shed_interactive: number;
  readonly order_only: number;
}

export interface MemoryThresholds {
  readonly available_share: Steps;
  readonly stalled_share: Steps;
}

export interface ThermalThresholds {
  readonly fair_celsius: number;
  readonly serious_celsius: number;
  readonly critical_celsius: number;
}

export interface LoadThresholds {
  readonly half_bulk_share: number;
  readonly no_background_share?: number | undefined;
}

export interface MarketSettings {
  readonly venues: readonly string[];
  readonly before_open_minutes: number;
  readonly after_open_minutes: number;
  readonly before_close_minutes: number;
  readonly after_close_minutes: number;
}

export interface ClassificationSettings {
  readonly enabled: boolean;
  readonly batch_ms: number;
  readonly batch_cores: number;
}

export interface CoreSettings {
  readonly use: 'auto' | 'all';
  readonly performance?: readonly number[] | undefined;
  readonly efficiency?: readonly number[] | undefined;
}

/** The section `policy` of the configuration; config/schema.ts has the meaning and the reason of each. */
export interface PolicySettings {
  readonly calm_seconds: number;
  readonly memory: MemoryThresholds;
  readonly thermal: ThermalThresholds;
  readonly load: LoadThresholds;
  readonly market: MarketSettings;
  readonly classification: ClassificationSettings;
}
