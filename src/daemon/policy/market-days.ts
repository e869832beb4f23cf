// When markets open and close: the versioned table, and the time zones and daylight saving of Intl. Pure but for reading
// the table.
import { readFileSync } from 'node:fs';

interface MarketDay {
  readonly date: string;
  readonly closed?: boolean;
  /** Local time, as "13:00". */
  readonly earlyClose?: string;
  readonly name: string;
  readonly source: string;
}

export interface Venue {
  readonly zone: string;
  /** Local times of a whole day. A venue without them never closes. */
  readonly open?: string;
  readonly close?: string;
  /** The first and the last date that the table knows. */
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly days?: readonly MarketDay[];
}

export interface MarketTable {
  readonly version: number;
  readonly venues: Readonly<Record<string, Venue>>;
}

export interface Session {
  readonly openMs: number;
  readonly closeMs: number;
}

const dayMs = 86_400_000;

export function readMarketTable(file = new URL('../../../calendars/market-days.json', import.meta.url)): MarketTable {
  return JSON.parse(readFileSync(file, 'utf8')) as MarketTable;
}

/** The session of a local date, "2027-03-15". Undefined: there is none, or nobody knows. */
export function sessionOf(venue: Venue, date: string): Session | undefined {
  const { open, close, days = [], validFrom = date, validUntil = date } = venue;
  if (open === undefined || close === undefined || date < validFrom || date > validUntil) return undefined;
  const weekday = weekdayOf(date);
  const day = days.find((each) => each.date === date);
  if (weekday === 'Sat' || weekday === 'Sun' || day?.closed) return undefined;
  const at = (time: string): number => instantOf(venue.zone, date, time);
  return { openMs: at(open), closeMs: at(day?.earlyClose ?? close) };
}

/** Local dates from the day before an instant to the day behind it. */
export function datesAround(venue: Venue, ms: number): string[] {
  return [...new Set([-1, 0, 1].map((days) => localOf(venue.zone, ms + days * dayMs).slice(0, 10)))];
}

/** The end of the last day that the table knows; undefined: it needs none. */
export const endOf = ({ zone, validUntil }: Venue): number | undefined =>
  validUntil === undefined ? undefined : instantOf(zone, validUntil, '24:00');

/** Milliseconds since the epoch of a local time. Of the hour that an autumn has twice, the first; no market opens in it. */
export function instantOf(zone: string, date: string, time: string): number {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  const local = Date.UTC(year, month - 1, day, hour, minute);
  // The offset depends on the instant that is looked for: the second guess has the right side of a change.
  const guess = local - offsetMs(zone, local);
  return local - offsetMs(zone, guess);
}

const offsetMs = (zone: string, ms: number): number => {
  const [year, month, day, hour, minute] = localOf(zone, ms).split(/\D/).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(ms / 60_000) * 60_000;
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** "2027-03-15 09:30" */
function localOf(zone: string, ms: number): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    formats.set(zone, format);
  }
  return format.format(ms);
}

const weekdays = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', weekday: 'short' });

const weekdayOf = (date: string): string => weekdays.format(instantOf('UTC', date, '12:00'));
