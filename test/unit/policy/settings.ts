import type { PolicySettings } from '../../../src/daemon/policy/settings.js';

/** As the schema fills them in, with the windows of an engine that trades the open. */
export const settings: PolicySettings = {
  calm_seconds: 10,
  memory: {
    available_share: {
      shrink_pools: 0.15,
      no_background: 0.1,
      no_batch: 0.07,
      shed_interactive: 0.04,
      order_only: 0.02,
    },
    stalled_share: { shrink_pools: 0.02, no_background: 0.05, no_batch: 0.1, shed_interactive: 0.25, order_only: 0.5 },
  },
  thermal: { fair_celsius: 85, serious_celsius: 95, critical_celsius: 103 },
  load: { half_bulk_share: 0.75 },
  market: {
    venues: [],
    before_open_minutes: 5,
    after_open_minutes: 15,
    before_close_minutes: 10,
    after_close_minutes: 5,
  },
  classification: { enabled: false, batch_ms: 50, batch_cores: 0.5 },
};
