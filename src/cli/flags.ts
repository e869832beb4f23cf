// Flags as commander gives them, to the numbers and codes of the API.
import { wordOf } from './show.js';
import { UsageError } from './failure.js';

/** ACT/365 fixed. */
export const daysPerYear = 365;

/** What every command about an option takes. */
export interface OptionFlags {
  readonly type: string;
  readonly spot?: string;
  readonly rate: string;
  readonly dividendYield?: string;
  readonly volatility: string;
  readonly years?: string;
  readonly days?: string;
  readonly device?: string;
}

/** The expiries of --years or --days, in years. */
export function expiries(flags: OptionFlags): readonly number[] {
  if ((flags.years === undefined) === (flags.days === undefined)) throw new UsageError('give either --years or --days');
  return flags.years !== undefined ? numbers(flags, 'years') : numbers(flags, 'days').map((days) => days / daysPerYear);
}

export const flagName = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
export const camel = (word: string): string => word.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function numbers<Flags>(flags: Flags, name: keyof Flags & string): readonly number[] {
  return String(flags[name])
    .split(',')
    .map((text) => {
      const number = text.trim() === '' ? NaN : Number(text);
      if (Number.isFinite(number)) return number;
      throw new UsageError(`${flagName(name)} must be a number or numbers between commas, got ${JSON.stringify(text)}`);
    });
}

/** The value of a flag that takes one. */
export function only<Value>(values: readonly Value[], name: string): Value {
  if (values.length === 1) return values[0]!;
  throw new UsageError(`${flagName(name)} must be one value, got ${values.length}`);
}

const unitSeconds = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;

/** Seconds of "90s", "30m", "8h" or "2d". "30min" is "30m", for those who write it as it is printed. */
export function secondsOf(text: string, flag: string): number {
  const [, count, unit] = /^([1-9]\d{0,8})(s|min|m|h|d)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
  const form = 'a whole number above 0 with its unit, as 90s, 30m, 8h or 2d';
  throw new UsageError(`${flag} must be ${form}, got ${JSON.stringify(text)}`);
}

type EnumTable = Readonly<Record<string, string | number>>;

/** Every code of an enum but the unspecified one. */
export const codesOf = <Code extends number>(table: Record<string, string | Code>, prefix: string): Code[] =>
  Object.entries(table)
    .filter(([name, code]) => name.startsWith(prefix) && typeof code === 'number' && code > 0)
    .map(([, code]) => code as Code);

/** The codes that a flag names in words, as "black-76" or "price,delta". */
export function codes<Flags, Code extends number>(
  flags: Flags,
  name: keyof Flags & string,
  table: Record<string, string | Code>,
): Code[] {
  const prefix = String((table as EnumTable)[0]).replace(/UNSPECIFIED$/, '');
  const words = new Map(codesOf(table, prefix).map((code) => [wordOf(String(table[code]), prefix), code]));
  return String(flags[name])
    .split(',')
    .map((word) => {
      const code = words.get(word.trim());
      if (code !== undefined) return code;
      throw new UsageError(`${flagName(name)} must be of ${[...words.keys()].join(', ')}, got ${JSON.stringify(word)}`);
    });
}
