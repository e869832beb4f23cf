// What policy lets run now. Policy alone makes it; the scheduler, admission and the pools of memory obey it.
import { Priority } from '../../gen/acceld/v1/execution.js';

/** The emergency ladder from the ground up; each rung keeps what those below it took away. */
export const rungs = ['normal', 'shrink-pools', 'no-background', 'no-batch', 'shed-interactive', 'order-only'] as const;
export type Rung = (typeof rungs)[number];

/** What becomes of the jobs of a lane. */
export type LaneState =
  | 'open'
  /** They wait, queued, until the lane opens or their deadline passes; running ones stop at the next chunk and wait. */
  | 'held'
  /** A job that would have to wait is refused with RetryInfo; one that can run at once does. */
  | 'shed'
  /** New and waiting jobs are refused with RetryInfo. */
  | 'closed';

/** Who has a say. The strictest wins; one that cannot be read abstains. */
export const voices = ['thermal', 'memory', 'load', 'market', 'operator'] as const;
export type Voice = (typeof voices)[number];

export interface Reason {
  readonly voice: Voice;
  /** A short sentence: "memory pressure is critical: 3 % of the memory is available". */
  readonly text: string;
}

export interface Allowance {
  readonly rung: Rung;
  readonly lanes: ReadonlyMap<Priority, LaneState>;
  /** Share of the slots that bulk work (BATCH, BACKGROUND) may fill on each device, 0 to 1. */
  readonly bulkShare: number;
  /** Compiles, and loads of models, may begin. */
  readonly mayLoad: boolean;
  /** True: pools of memory give back what nobody uses. */
  readonly shrinkPools: boolean;
  /** Empty while nothing is limited. */
  readonly reasons: readonly Reason[];
}

export const unlimited: Allowance = {
  rung: 'normal',
  lanes: new Map([
    [Priority.PRIORITY_ORDER, 'open'],
    [Priority.PRIORITY_INTERACTIVE, 'open'],
    [Priority.PRIORITY_BATCH, 'open'],
    [Priority.PRIORITY_BACKGROUND, 'open'],
  ]),
  bulkShare: 1,
  mayLoad: true,
  shrinkPools: false,
  reasons: [],
};

/** What the machine's sensors and the calendar say. A field that is absent could not be read. */
export interface PolicyReading {
  /** 0 nominal, 1 fair, 2 serious, 3 critical. */
  readonly thermalLevel?: 0 | 1 | 2 | 3;
  /** The hottest zone that the system shows, in degrees Celsius. */
  readonly temperatureCelsius?: number;
  /** 0 normal, 1 warning, 2 critical. */
  readonly memoryPressure?: 0 | 1 | 2;
  /** Processor time that other programs take, as a share of all cores, 0 to 1. */
  readonly otherLoad?: number;
  /** Seconds until the table of market days ends; negative when it has. */
  readonly calendarEndsSeconds?: number;
  /** Venues in a protected window now. */
  readonly protectedVenues: readonly string[];
  readonly muted: readonly Voice[];
  readonly allowance: Allowance;
}

/** A voice that an operator silenced. */
export interface Muted {
  readonly voice: Voice;
  readonly secondsLeft: number;
}

/** What an operator asks for. */
export interface PolicyChange {
  /** Whose name the event bears. */
  readonly caller: string;
  readonly mute?: { readonly voice: Voice; readonly seconds: number };
  readonly unmute?: Voice;
  /** The lowest rung from now on. */
  readonly floor?: Rung;
}

/** Policy as an operator sees it. */
export interface PolicyDesk {
  readonly floor: Rung;
  /** Voices that cannot be read, and abstain. */
  readonly lost: readonly Voice[];
  reading(): PolicyReading;
  muted(): readonly Muted[];
  /** Throws a Fault where somebody asks for what cannot be. */
  change(change: PolicyChange): void;
}
