// The settings of policy, each with its reason.
import { z } from 'zod';

const share = (fallback: number) => z.number().min(0).max(1).default(fallback);

const steps = (defaults: readonly [number, number, number, number, number], order: 'falling' | 'rising') =>
  z
    .strictObject({
      shrink_pools: share(defaults[0]),
      no_background: share(defaults[1]),
      no_batch: share(defaults[2]),
      shed_interactive: share(defaults[3]),
      order_only: share(defaults[4]),
    })
    .refine(
      (each) => {
        const values = [each.shrink_pools, each.no_background, each.no_batch, each.shed_interactive, each.order_only];
        return values.every(
          (value, index) =>
            index === 0 || (order === 'falling' ? value <= values[index - 1]! : value >= values[index - 1]!),
        );
      },
      { message: `must be ${order} from shrink_pools to order_only` },
    )
    .prefault({});

const memory = z
  .strictObject({
    /**
     * Below this share of the memory, the machine's or a control group's, whichever is tighter. The last 15 % are the
     * system's file cache, which a job that begins now would push out; below 2 % the next page may be the last one.
     */
    available_share: steps([0.15, 0.1, 0.07, 0.04, 0.02], 'falling'),
    /** From this share of time on in which nothing ran for lack of memory. At a twentieth a call of 1 ms takes two. */
    stalled_share: steps([0.02, 0.05, 0.1, 0.25, 0.5], 'rising'),
  })
  .prefault({});

const celsius = (fallback: number) => z.number().min(20).max(150).default(fallback);

const thermal = z
  .strictObject({
    // For zones without trip points of their own. Processors slow down by themselves from about 100 degrees on.
    /** Half of the bulk work. */
    fair_celsius: celsius(85),
    /** No BACKGROUND. */
    serious_celsius: celsius(95),
    /** No BATCH. */
    critical_celsius: celsius(103),
  })
  .prefault({});

const load = z
  .strictObject({
    /** Other programs' share of all cores from which bulk work has half of its slots: it gives way, but fills caches. */
    half_bulk_share: share(0.9),
    /** The same, from which BACKGROUND waits. Unset: it never does, since its threads run only where nobody else does. */
    no_background_share: z.number().min(0).max(1).optional(),
  })
  .prefault({});

const minutes = (fallback: number) => z.number().min(0).max(240).default(fallback);

const market = z
  .strictObject({
    /** Whose opens and closes are protected. None unasked: a machine that trades nothing shall lose nothing. */
    venues: z
      .array(z.enum(['NYSE', 'NASDAQ', 'LSE', 'CRYPTO']))
      .max(16)
      .default([]),
    // Books are rebuilt before the open, the first quarter of an hour has the most ticks; the closing auction is a rush too.
    before_open_minutes: minutes(5),
    after_open_minutes: minutes(15),
    before_close_minutes: minutes(10),
    after_close_minutes: minutes(5),
  })
  .prefault({});

const classification = z
  .strictObject({
    /** Calls that name no priority get BATCH where their size or their rate says so. Off: they are INTERACTIVE. */
    enabled: z.boolean().default(false),
    /** Predicted device time of one call: nobody waits at a screen for less than this. */
    batch_ms: z.number().min(1).max(3_600_000).default(50),
    /** Cores that a caller's calls of one operation took in the last ten seconds: half a core is no person. */
    batch_cores: z.number().min(0.01).max(1024).default(0.5),
  })
  .prefault({});

const cpuNumbers = z.array(z.int().min(0).max(1023)).min(1).max(1024).optional();

const cores = z
  .strictObject({
    /** auto: urgent work on performance cores, BACKGROUND on efficiency cores, where the machine has both. all: anywhere. */
    use: z.enum(['auto', 'all']).default('auto'),
    /** Linux: numbers of the processors, in place of what the system tells, as of a machine with isolated ones. */
    performance: cpuNumbers,
    efficiency: cpuNumbers,
  })
  .prefault({});

export const policySchema = z
  .strictObject({
    /** Calm before a rung is left: what it freed must show, and a swing of load or of the memory of a collector is shorter. */
    calm_seconds: z.number().min(1).max(3600).default(10),
    memory,
    thermal,
    load,
    market,
    classification,
    cores,
  })
  .prefault({});
