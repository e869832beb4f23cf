import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { datesAround, endOf, instantOf, readMarketTable, sessionOf } from '../../../src/daemon/policy/market-days.js';
import { needs, runs } from '../../support/missing.js';

const { venues } = readMarketTable();
const iso = (ms: number): string => new Date(ms).toISOString();
const session = (venue: string, date: string): string | undefined => {
  const found = sessionOf(venues[venue]!, date);
  return found && `${iso(found.openMs).slice(11, 16)} ${iso(found.closeMs).slice(11, 16)}`;
};

const oracle = `
import sys, QuantLib as ql
calendars = {'NYSE': ql.UnitedStates(ql.UnitedStates.NYSE), 'LSE': ql.UnitedKingdom(ql.UnitedKingdom.Exchange)}
for name, calendar in calendars.items():
    date, end = ql.Date(1, 1, int(sys.argv[1])), ql.Date(31, 12, int(sys.argv[2]))
    while date <= end:
        if calendar.isHoliday(date) and not calendar.isWeekend(date.weekday()): print(name, date.ISO())
        date += 1
`;

/** Days of this table that the release of QuantLib at hand does not know yet, or knows of another kind. */
const newerThanOracle = ['LSE 2022-06-03', 'LSE 2022-09-19', 'LSE 2023-05-08', 'NYSE 2025-01-09'];

describe('market days', () => {
  it('agrees with QuantLib on every day of 19 years', function () {
    this.timeout(20_000);
    const python = '/usr/bin/python3';
    needs(this, 'QuantLib for Python', runs(python, '-c', 'import QuantLib'));
    const theirs = new Set(
      execFileSync(python, ['-c', oracle, '2010', '2028'], { encoding: 'utf8' }).trim().split('\n'),
    );
    const ours = new Set(
      ['NYSE', 'LSE'].flatMap((name) =>
        venues[name]!.days!.flatMap(({ date, closed }) => (closed ? `${name} ${date}` : [])),
      ),
    );
    assert.ok(theirs.size > 300);
    const different = [...ours, ...theirs].filter((day) => ours.has(day) !== theirs.has(day));
    assert.deepEqual(
      different.filter((day) => !newerThanOracle.includes(day)),
      [],
    );
  });

  it('NASDAQ keeps the days of the NYSE', () => {
    const kept = ({ date, closed, earlyClose }: { date: string; closed?: boolean; earlyClose?: string }) =>
      [date, closed, earlyClose].join();
    assert.deepEqual(venues['NASDAQ']!.days!.map(kept), venues['NYSE']!.days!.map(kept));
  });

  it('knows the days that no rule gives', () => {
    for (const date of ['2012-10-29', '2012-10-30', '2018-12-05', '2025-01-09']) {
      assert.equal(session('NYSE', date), undefined, date);
    }
    for (const date of ['2011-04-29', '2020-05-08', '2022-09-19']) assert.equal(session('LSE', date), undefined, date);
    assert.equal(session('LSE', '2020-05-04'), '07:00 15:30');
  });

  it('knows half days', () => {
    const american = ['2012-07-03', '2013-07-03', '2018-07-03', '2024-07-03', '2024-11-29', '2025-12-24', '2026-11-27'];
    for (const date of american) assert.match(session('NYSE', date)!, /1[78]:00$/, date);
    for (const date of ['2015-07-02', '2021-07-02', '2026-07-02', '2021-12-23']) {
      assert.match(session('NYSE', date)!, /2[01]:00$/, `${date} is a whole day`);
    }
    for (const date of ['2021-12-24', '2022-12-23', '2022-12-30', '2025-12-31']) {
      assert.match(session('LSE', date)!, /12:30$/, date);
    }
  });

  it('follows daylight saving, which begins and ends on other Sundays on either side of the Atlantic', () => {
    assert.deepEqual([session('NYSE', '2026-03-06'), session('NYSE', '2026-03-09')], ['14:30 21:00', '13:30 20:00']);
    assert.deepEqual([session('LSE', '2026-03-27'), session('LSE', '2026-03-30')], ['08:00 16:30', '07:00 15:30']);
    assert.deepEqual([session('LSE', '2026-10-23'), session('LSE', '2026-10-26')], ['07:00 15:30', '08:00 16:30']);
    assert.deepEqual([session('NYSE', '2026-10-30'), session('NYSE', '2026-11-02')], ['13:30 20:00', '14:30 21:00']);
  });

  it('is right on both sides of every switch of the table', () => {
    for (let year = 2010; year <= 2028; year += 1) {
      for (let day = 0; day < 366; day += 1) {
        const date = iso(Date.UTC(year, 0, 1 + day)).slice(0, 10);
        for (const zone of ['America/New_York', 'Europe/London']) {
          const local = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
          assert.equal(local.format(instantOf(zone, date, '09:30')), `${date} 09:30`);
        }
      }
    }
  }).timeout(60_000);

  it('has no session at weekends, and none where nobody knows', () => {
    for (const date of ['2026-11-28', '2026-11-29', '2009-12-31', '2029-01-02', '2050-06-01']) {
      assert.equal(session('NYSE', date), undefined, date);
    }
    assert.equal(iso(endOf(venues['NYSE']!)!), '2029-01-01T05:00:00.000Z');
  });

  it('crypto never closes, and its table never ends', () => {
    assert.equal(sessionOf(venues['CRYPTO']!, '2027-01-01'), undefined);
    assert.equal(endOf(venues['CRYPTO']!), undefined);
  });

  it('names the local dates around an instant', () => {
    const dates = datesAround(venues['NYSE']!, Date.UTC(2027, 0, 1, 2));
    assert.deepEqual(dates, ['2026-12-30', '2026-12-31', '2027-01-01']);
  });

  it('gives a source for every day', () => {
    const table = JSON.parse(readFileSync(new URL('../../../calendars/market-days.json', import.meta.url), 'utf8')) as {
      venues: Record<string, { sources?: Record<string, string>; days?: { source: string }[] }>;
    };
    for (const { sources = {}, days = [] } of Object.values(table.venues)) {
      for (const { source } of days) assert.match(sources[source]!, /^https:/);
    }
  });
});
