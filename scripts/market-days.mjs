// Writes calendars/market-days.json: the days on which a venue is closed or closes early, from the rules that its operator
// publishes and from the days that no rule knows. Run it once a year, after the operators published another year.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const firstYear = 2010;
/** Two full years ahead: about as far as the operators publish. */
const lastYear = 2028;

const nyse = 'https://www.nyse.com/markets/hours-calendars';
const lse = 'https://www.londonstockexchange.com/equities-trading/business-days';
const govUk = 'https://www.gov.uk/bank-holidays';

const dayMs = 86_400_000;
const utc = (year, month, day) => Date.UTC(year, month - 1, day);
const weekday = (ms) => new Date(ms).getUTCDay();
const isWeekend = (ms) => weekday(ms) === 0 || weekday(ms) === 6;
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);

/** The nth such weekday of a month; -1: the last. */
function nth(year, month, { day, count }) {
  if (count < 0) {
    const last = utc(year, month + 1, 0);
    return last - ((weekday(last) - day + 7) % 7) * dayMs;
  }
  const first = utc(year, month, 1);
  return first + (((day - weekday(first) + 7) % 7) + 7 * (count - 1)) * dayMs;
}

/** The Gregorian rule of Meeus, Jones and Butcher. */
function easter(year) {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = d + e - 7 * Math.floor((a + 11 * d + 22 * e) / 451) + 114;
  return utc(year, Math.floor(f / 31), (f % 31) + 1);
}

/** Saturday: the Friday before. Sunday: the Monday after. */
const nearest = (ms) => (weekday(ms) === 6 ? ms - dayMs : weekday(ms) === 0 ? ms + dayMs : ms);
const nextMonday = (ms) => (weekday(ms) === 6 ? ms + 2 * dayMs : weekday(ms) === 0 ? ms + dayMs : ms);
const fridayBefore = (ms) => (weekday(ms) === 6 ? ms - dayMs : weekday(ms) === 0 ? ms - 2 * dayMs : ms);

function americanYear(year) {
  const newYear = utc(year, 1, 1);
  const independence = utc(year, 7, 4);
  const thanksgiving = nth(year, 11, { day: 4, count: 4 });
  const closed = [
    // A Saturday is not made up for: the books of the old year close on that Friday.
    ...(weekday(newYear) === 6 ? [] : [[nextMonday(newYear), "New Year's Day"]]),
    [nth(year, 1, { day: 1, count: 3 }), 'Martin Luther King Jr. Day'],
    [nth(year, 2, { day: 1, count: 3 }), "Washington's Birthday"],
    [easter(year) - 2 * dayMs, 'Good Friday'],
    [nth(year, 5, { day: 1, count: -1 }), 'Memorial Day'],
    ...(year < 2022 ? [] : [[nearest(utc(year, 6, 19)), 'Juneteenth']]),
    [nearest(independence), 'Independence Day'],
    [nth(year, 9, { day: 1, count: 1 }), 'Labor Day'],
    [thanksgiving, 'Thanksgiving Day'],
    [nearest(utc(year, 12, 25)), 'Christmas Day'],
  ];
  const early = [
    // Only before a holiday from Tuesday to Friday.
    ...(weekday(independence) >= 2 && weekday(independence) <= 5
      ? [[independence - dayMs, 'day before Independence Day']]
      : []),
    [thanksgiving + dayMs, 'day after Thanksgiving'],
    // On a Friday it is the holiday itself.
    ...(weekday(utc(year, 12, 24)) >= 1 && weekday(utc(year, 12, 24)) <= 4
      ? [[utc(year, 12, 24), 'Christmas Eve']]
      : []),
  ];
  return { closed, early };
}

const americanDays = {
  '2012-10-29': 'Hurricane Sandy',
  '2012-10-30': 'Hurricane Sandy',
  '2018-12-05': 'day of mourning for George H. W. Bush',
  '2025-01-09': 'day of mourning for Jimmy Carter',
};

function londonYear(year) {
  const christmas = utc(year, 12, 25);
  const boxing = utc(year, 12, 26);
  const closed = [
    [nextMonday(utc(year, 1, 1)), "New Year's Day"],
    [easter(year) - 2 * dayMs, 'Good Friday'],
    [easter(year) + dayMs, 'Easter Monday'],
    [nth(year, 5, { day: 1, count: 1 }), 'early May bank holiday'],
    [nth(year, 5, { day: 1, count: -1 }), 'spring bank holiday'],
    [nth(year, 8, { day: 1, count: -1 }), 'summer bank holiday'],
    [isWeekend(christmas) ? utc(year, 12, 27) : christmas, 'Christmas Day'],
    [isWeekend(boxing) ? utc(year, 12, 28) : boxing, 'Boxing Day'],
  ];
  const early = [
    [fridayBefore(utc(year, 12, 24)), 'last day before Christmas'],
    [fridayBefore(utc(year, 12, 31)), 'last day of the year'],
  ];
  return { closed, early };
}

/** Bank holidays that were moved: the day that became an ordinary one. */
const londonOpen = ['2012-05-28', '2020-05-04', '2022-05-30'];
const londonDays = {
  '2011-04-29': 'royal wedding',
  '2012-06-04': 'spring bank holiday',
  '2012-06-05': 'Diamond Jubilee',
  '2020-05-08': 'early May bank holiday',
  '2022-06-02': 'spring bank holiday',
  '2022-06-03': 'Platinum Jubilee',
  '2022-09-19': 'state funeral of Queen Elizabeth II',
  '2023-05-08': 'coronation of King Charles III',
};

function daysOf({ year, open = [], unscheduled, earlyClose }) {
  const days = new Map();
  for (let y = firstYear; y <= lastYear; y += 1) {
    const { closed, early } = year(y);
    for (const [ms, name] of early) days.set(iso(ms), { earlyClose, name, source: 'rule' });
    for (const [ms, name] of closed)
      if (!open.includes(iso(ms))) days.set(iso(ms), { closed: true, name, source: 'rule' });
  }
  for (const [date, name] of Object.entries(unscheduled)) days.set(date, { closed: true, name, source: 'notice' });
  return [...days].sort().map(([date, { closed, earlyClose: close, name, source }]) => {
    return { date, ...(closed ? { closed } : { earlyClose: close }), name, source };
  });
}

const american = (notice) => ({
  sources: { rule: nyse, notice },
  zone: 'America/New_York',
  open: '09:30',
  close: '16:00',
  days: daysOf({
    year: americanYear,
    unscheduled: americanDays,
    earlyClose: '13:00',
  }),
});

const years = { validFrom: `${firstYear}-01-01`, validUntil: `${lastYear}-12-31` };
const london = {
  sources: { rule: lse, notice: govUk },
  zone: 'Europe/London',
  open: '08:00',
  close: '16:30',
  days: daysOf({
    year: londonYear,
    open: londonOpen,
    unscheduled: londonDays,
    earlyClose: '12:30',
  }),
};
const table = {
  version: 1,
  generatedBy: 'scripts/market-days.mjs',
  venues: {
    NYSE: { ...years, ...american('https://www.nyse.com/trader-update/history') },
    NASDAQ: { ...years, ...american('https://www.nasdaqtrader.com/Trader.aspx?id=Calendar') },
    LSE: { ...years, ...london },
    // Never opens, so never closes: there is nothing around which to protect anybody.
    CRYPTO: { zone: 'UTC' },
  },
};

/** A line for each day, so that a change can be reviewed. */
const text = JSON.stringify(table, null, 2).replace(
  /\{\s+("date"[^}]*?)\s+\}/g,
  (_, fields) => `{ ${fields.replace(/\s*\n\s*/g, ' ')} }`,
);
writeFileSync(join(root, 'calendars/market-days.json'), `${text}\n`);
