// Listens to the voices once a second and makes the one Allowance that everybody obeys. Decides nothing about a single job.
import {
  unlimited,
  voices,
  type Allowance,
  type Muted,
  type PolicyChange,
  type PolicyDesk,
  type PolicyReading,
  type Rung,
  type Voice,
} from '../base/allowance.js';
import type { Classify } from '../base/classification.js';
import type { Clock } from '../base/clock.js';
import type { Announce, Event } from '../base/events.js';
import { Classification } from './classification.js';
import { stand, type Standing } from './ladder.js';
import { loadVoice } from './load.js';
import { readMarketTable, type MarketTable } from './market-days.js';
import { Market, type MarketSay } from './market.js';
import { memoryVoice } from './memory-pressure.js';
import { Operator } from './operator.js';
import type { PolicySettings } from './settings.js';
import { combine, isSame, type Say } from './strictest.js';
import { thermalVoice } from './thermal.js';
import type { Heard, HostSensors, SensorVoice } from './voice.js';

const stepMs = 1000;
/** The alert about the end of the table begins so long before it. */
const calendarAlertSeconds = 60 * 86_400;
const daySeconds = 86_400;

export interface PolicyOptions {
  readonly settings: PolicySettings;
  readonly clock: Clock;
  readonly announce: Announce;
  readonly sensors: readonly SensorVoice[];
  readonly table: MarketTable;
}

interface Ear {
  readonly sensor: SensorVoice;
  dueMs: number;
  standing: Standing | undefined;
  facts: Heard['facts'];
  isLost: boolean;
}

export class Policy implements PolicyDesk {
  readonly #clock: Clock;
  readonly #announce: Announce;
  readonly #table: MarketTable;
  readonly #ears: readonly Ear[];
  readonly #operator = new Operator();
  readonly #listeners: ((allowance: Allowance) => void)[] = [];
  #settings: PolicySettings;
  #market: Market;
  #marketSay: MarketSay = { protectedVenues: [], text: '', calendarEndsSeconds: undefined };
  #allowance: Allowance = unlimited;
  #calendarAlertMs = -Infinity;
  #stepping = false;

  constructor({ settings, clock, announce, sensors, table }: PolicyOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#announce = announce;
    this.#table = table;
    this.#market = new Market(table, settings.market);
    this.#ears = sensors.map((sensor) => ({ sensor, dueMs: -Infinity, standing: undefined, facts: {}, isLost: false }));
  }

  allowance(): Allowance {
    return this.#allowance;
  }

  get settings(): PolicySettings {
    return this.#settings;
  }

  /** `listener` gets every allowance that lets anything else run than the one before. */
  onChange(listener: (allowance: Allowance) => void): void {
    this.#listeners.push(listener);
  }

  reconfigure(settings: PolicySettings): void {
    this.#settings = settings;
    this.#market = new Market(this.#table, settings.market);
  }

  reading(): PolicyReading {
    const { protectedVenues, calendarEndsSeconds } = this.#marketSay;
    return {
      ...this.#ears.reduce<Heard['facts']>((all, { facts }) => ({ ...all, ...facts }), {}),
      ...(calendarEndsSeconds !== undefined && { calendarEndsSeconds }),
      protectedVenues,
      muted: this.muted().map(({ voice }) => voice),
      allowance: this.#allowance,
    };
  }

  muted(): Muted[] {
    return this.#operator.muted(this.#nowMs());
  }

  get floor(): Rung {
    return this.#operator.floor;
  }

  /** Voices that cannot be read now. */
  get lost(): Voice[] {
    return this.#ears.filter(({ isLost }) => isLost).map(({ sensor }) => sensor.voice);
  }

  change({ caller, mute, unmute, floor }: PolicyChange): void {
    if (mute) {
      this.#operator.mute(mute.voice, mute.seconds, this.#nowMs());
      const untilMs = this.#clock.wallMs() + mute.seconds * 1e3;
      this.#announce({ kind: 'voice-muted', voice: mute.voice, caller, untilMs });
    }
    if (unmute && this.#operator.unmute(unmute)) this.#announce({ kind: 'voice-unmuted', voice: unmute, caller });
    if (floor) Object.assign(this.#operator, { floor, floorCaller: caller });
    this.#conclude();
  }

  /** One round of the loop. Never rejects. */
  async step(): Promise<void> {
    if (this.#stepping) return;
    this.#stepping = true;
    const nowMs = this.#nowMs();
    for (const ear of this.#ears) if (nowMs >= ear.dueMs) await this.#listen(ear, nowMs);
    for (const voice of this.#operator.expired(nowMs)) {
      this.#announce({ kind: 'voice-unmuted', voice, caller: 'its time is over' });
    }
    this.#conclude();
    this.#stepping = false;
  }

  async #listen(ear: Ear, nowMs: number): Promise<void> {
    const { voice, everyMs } = ear.sensor;
    ear.dueMs = nowMs + everyMs;
    try {
      const { opinion, facts } = await ear.sensor.hear(this.#settings);
      ear.standing = stand(ear.standing, opinion, { nowMs, calmMs: this.#settings.calm_seconds * 1e3 });
      ear.facts = facts;
      if (ear.isLost) this.#announce({ kind: 'voice-found', voice });
      ear.isLost = false;
    } catch (error) {
      Object.assign(ear, { standing: undefined, facts: {} });
      if (!ear.isLost) this.#announce({ kind: 'voice-lost', voice, reason: (error as Error).message });
      ear.isLost = true;
    }
  }

  /** From what every voice says to the allowance, and to those who obey it. */
  #conclude(): void {
    this.#marketSay = this.#market.at(this.#clock.wallMs());
    this.#watchCalendar();
    const muted = new Set(this.muted().map(({ voice }) => voice));
    const next = combine(this.#says().filter(({ voice }) => !muted.has(voice)));
    const before = this.#allowance;
    this.#allowance = next;
    if (isSame(before, next)) return;
    this.#announce({ kind: 'allowance-changed', from: before.rung, to: next.rung, reasons: next.reasons });
    for (const listener of this.#listeners) listener(next);
  }

  #says(): Say[] {
    const heard = this.#ears.flatMap(({ sensor: { voice }, standing }) => (standing ? { voice, ...standing } : []));
    const { protectedVenues, text } = this.#marketSay;
    const { floor, floorCaller } = this.#operator;
    const says: Say[] = [
      ...heard,
      { voice: 'market', rung: protectedVenues.length > 0 ? 'no-batch' : 'normal', text },
      { voice: 'operator', rung: floor, text: `${floorCaller} asked for ${floor}` },
    ];
    return says.sort((one, other) => voices.indexOf(one.voice) - voices.indexOf(other.voice));
  }

  /** Once a day, from two months before the table ends. */
  #watchCalendar(): void {
    const { calendarEndsSeconds: left } = this.#marketSay;
    const nowMs = this.#nowMs();
    if (left === undefined || left > calendarAlertSeconds || nowMs - this.#calendarAlertMs < daySeconds * 1e3) return;
    this.#calendarAlertMs = nowMs;
    const days = Math.floor(left / daySeconds);
    const when = left > 0 ? `ends in ${days} days` : 'has ended';
    const text = `the table of market days ${when}: without a newer acceld no window of a venue is protected then`;
    this.#announce({ kind: 'warning', text });
  }

  #nowMs(): number {
    return this.#clock.nowNs() / 1e6;
  }
}

export interface OpenPolicyOptions extends Omit<PolicyOptions, 'sensors' | 'table'> {
  /** What the addon reads where there are no files to read. */
  readonly addon: HostSensors;
}

export interface OpenPolicy {
  readonly policy: Policy;
  readonly classify: Classify;
  /** Notes which processes are this daemon's own, and what calls take. */
  readonly observe: (event: Event) => void;
  readonly close: () => void;
}

/** The policy of this machine. The first round has begun when this returns. */
export function openPolicy({ settings, clock, announce, addon }: OpenPolicyOptions): OpenPolicy {
  const workers = new Set<number>();
  const sensors = [thermalVoice(addon), memoryVoice(addon), loadVoice(() => [...workers])];
  const policy = new Policy({ settings, clock, announce, sensors, table: readMarketTable() });
  const classification = new Classification(() => policy.settings.classification, clock);
  void policy.step();
  const timer = setInterval(() => void policy.step(), stepMs).unref();
  return {
    policy,
    classify: classification.classify,
    observe: (event) => {
      classification.observe(event);
      if (event.kind === 'worker-started') workers.add(event.pid);
      else if (event.kind === 'worker-died') workers.delete(event.pid);
    },
    close: () => clearInterval(timer),
  };
}
