import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readMarketTable, sessionOf } from '../../../src/daemon/policy/market-days.js';
import { Market, windowsAround } from '../../../src/daemon/policy/market.js';
import { settings } from './settings.js';

const table = readMarketTable();
const market = { ...settings.market, venues: ['NYSE', 'LSE', 'CRYPTO'] };
const minuteMs = 60_000;
const dayMs = 86_400_000;

describe('market', () => {
  it('protects the minutes around the open and the close, to the millisecond', () => {
    const voice = new Market(table, market);
    const open = Date.UTC(2026, 10, 24, 14, 30);
    const at = (ms: number) => voice.at(ms).protectedVenues.join();
    assert.deepEqual([at(open - 5 * minuteMs - 1), at(open - 5 * minuteMs)], ['', 'NYSE']);
    assert.deepEqual([at(open + 15 * minuteMs - 1), at(open + 15 * minuteMs)], ['NYSE', '']);
    assert.equal(voice.at(open - minuteMs).text, 'NYSE opens in 1 min');
    assert.equal(voice.at(open + 2 * minuteMs).text, 'NYSE opened 2 min ago');
    assert.equal(voice.at(Date.UTC(2026, 10, 24, 21, 3)).text, 'NYSE closed 3 min ago');
  });

  it('protects nobody unasked, and never for a venue that never closes', () => {
    for (const venues of [[], ['CRYPTO']]) {
      const voice = new Market(table, { ...market, venues });
      for (let hour = 0; hour < 24 * 7; hour += 1) {
        assert.deepEqual(voice.at(Date.UTC(2026, 10, 23, hour, 31)).protectedVenues, []);
      }
    }
  });

  it('simulated, minute by minute, through every half day, change of clocks and turn of a year of the table', function () {
    this.timeout(120_000);
    const voice = new Market(table, { ...market, venues: ['NYSE', 'LSE'] });
    for (const date of daysWorthALook()) simulate(voice, date);
  });

  it('without dates nobody is protected, and the end of the table is told', () => {
    const voice = new Market(table, { ...market, venues: ['NYSE'] });
    const later = voice.at(Date.UTC(2031, 5, 4, 13, 30));
    assert.deepEqual(later.protectedVenues, []);
    assert.ok(later.calendarEndsSeconds! < 0);
    const before = voice.at(Date.UTC(2028, 11, 29, 14, 31));
    assert.deepEqual(before.protectedVenues, ['NYSE']);
    assert.equal(before.calendarEndsSeconds, 2 * 86_400 + 14.5 * 3600 - 60);
  });

  it('finds its windows anew when the clock is set', () => {
    const voice = new Market(table, market);
    voice.at(Date.UTC(2027, 5, 1));
    assert.deepEqual(voice.at(Date.UTC(2026, 10, 24, 14, 31)).protectedVenues, ['NYSE']);
  });
});

/** UTC days: every half day and closed weekday, the days around each change of clocks, and the ends of years. */
function daysWorthALook(): number[] {
  const dates = Object.values(table.venues).flatMap(({ days = [] }) => days.map(({ date }) => Date.parse(date)));
  const offset = (zone: string, ms: number) =>
    new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset', hour: 'numeric' })
      .format(ms)
      .slice(-6);
  const days = new Set(dates);
  for (let ms = Date.UTC(2010, 0, 2); ms < Date.UTC(2028, 11, 30); ms += dayMs) {
    const changes = ['America/New_York', 'Europe/London'].some((zone) => offset(zone, ms) !== offset(zone, ms + dayMs));
    if (changes) [-2, -1, 0, 1, 2].forEach((away) => days.add(ms + away * dayMs));
  }
  return [...days].sort((one, other) => one - other);
}

/** A day at steps of one minute: protected exactly where a session's border is near, by a reckoning of its own. */
function simulate(voice: Market, dayStart: number): void {
  const borders = ['NYSE', 'LSE'].flatMap((name) => {
    const dates = [-1, 0, 1].map((away) => new Date(dayStart + away * dayMs).toISOString().slice(0, 10));
    const sessions = dates.flatMap((date) => sessionOf(table.venues[name]!, date) ?? []);
    return sessions.map((session) => ({ name, ...session }));
  });
  for (let ms = dayStart; ms < dayStart + dayMs; ms += minuteMs) {
    const near = borders.filter(({ openMs, closeMs }) => {
      const [open, close] = [(ms - openMs) / minuteMs, (ms - closeMs) / minuteMs];
      return (open >= -5 && open < 15) || (close >= -10 && close < 5);
    });
    const expected = [...new Set(near.map(({ name }) => name))].join();
    const found = voice.at(ms).protectedVenues.join();
    if (found !== expected) assert.equal(found, expected, new Date(ms).toISOString());
  }
}

describe('windowsAround', () => {
  it('has an early close where the day has one', () => {
    const windows = windowsAround(table, { ...market, venues: ['NYSE'] }, Date.UTC(2026, 10, 27, 12));
    const close = windows.find(({ border, atMs }) => border === 'closes' && new Date(atMs).getUTCDate() === 27)!;
    assert.equal(new Date(close.atMs).toISOString(), '2026-11-27T18:00:00.000Z');
  });
});
