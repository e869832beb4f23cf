// The windows around the open and the close of markets in which an engine wants the machine for itself.
import { datesAround, endOf, sessionOf, type MarketTable } from './market-days.js';
import type { MarketSettings } from './settings.js';

/** [beginMs, endMs) */
export interface Window {
  readonly venue: string;
  readonly border: 'opens' | 'closes';
  readonly atMs: number;
  readonly beginMs: number;
  readonly endMs: number;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Every window of the day before an instant, its day and the day behind it. */
export function windowsAround(table: MarketTable, settings: MarketSettings, ms: number): Window[] {
  return settings.venues.flatMap((name) => {
    const venue = table.venues[name];
    if (!venue) return [];
    const sessions = datesAround(venue, ms).flatMap((date) => sessionOf(venue, date) ?? []);
    return sessions.flatMap(({ openMs, closeMs }) => windowsOf(name, settings, { openMs, closeMs }));
  });
}

function windowsOf(
  venue: string,
  settings: MarketSettings,
  { openMs, closeMs }: { openMs: number; closeMs: number },
): Window[] {
  const around = (border: Window['border'], atMs: number, [before, after]: readonly [number, number]): Window => {
    return { venue, border, atMs, beginMs: atMs - before * minuteMs, endMs: atMs + after * minuteMs };
  };
  return [
    around('opens', openMs, [settings.before_open_minutes, settings.after_open_minutes]),
    around('closes', closeMs, [settings.before_close_minutes, settings.after_close_minutes]),
  ];
}

export interface MarketSay {
  readonly protectedVenues: readonly string[];
  readonly text: string;
  /** Seconds until the table ends for the first of the venues; undefined: none of them needs it. */
  readonly calendarEndsSeconds: number | undefined;
}

/** The market voice. Windows are found anew every hour; in between a look costs a comparison for each. */
export class Market {
  readonly #table: MarketTable;
  readonly #settings: MarketSettings;
  #windows: readonly Window[] = [];
  /** The first end of a venue's table. */
  #endMs: number | undefined;
  #foundMs = -Infinity;

  constructor(table: MarketTable, settings: MarketSettings) {
    this.#table = table;
    this.#settings = settings;
  }

  at(wallMs: number): MarketSay {
    // Also when the clock was set back.
    if (Math.abs(wallMs - this.#foundMs) >= hourMs) {
      this.#windows = windowsAround(this.#table, this.#settings, wallMs);
      const ends = this.#settings.venues.flatMap((name) => endOf(this.#table.venues[name] ?? { zone: 'UTC' }) ?? []);
      this.#endMs = ends.length > 0 ? Math.min(...ends) : undefined;
      this.#foundMs = wallMs;
    }
    const open = this.#windows.filter(({ beginMs, endMs }) => wallMs >= beginMs && wallMs < endMs);
    return {
      protectedVenues: [...new Set(open.map(({ venue }) => venue))],
      text: [...new Set(open.map((window) => sentence(window, wallMs)))].join(', '),
      calendarEndsSeconds: this.#endMs === undefined ? undefined : (this.#endMs - wallMs) / 1e3,
    };
  }
}

/** "NYSE opens in 4 min" */
function sentence({ venue, border, atMs }: Window, wallMs: number): string {
  const minutes = Math.round(Math.abs(atMs - wallMs) / minuteMs);
  return wallMs < atMs
    ? `${venue} ${border} in ${minutes} min`
    : `${venue} ${border.replace(/e?s$/, 'ed')} ${minutes} min ago`;
}
