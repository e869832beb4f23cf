// `acceld price`: a chain from flags. Strikes, expiries and types combine; everything else is one value for all.
import { OptionModel, OptionType, OptionValue, Precision, Device, type Client, type Receipt } from '../client/index.js';
import { camel, codes, codesOf, daysPerYear, expiries, numbers, only, type OptionFlags } from './flags.js';
import { plain, receiptLine, wordOf } from './show.js';
import { table, type Terminal } from './terminal.js';

/** Flags as commander gives them. */
export interface PriceFlags extends OptionFlags {
  readonly model: string;
  readonly forward?: string;
  readonly strikes: string;
  readonly values: string;
  readonly precision?: string;
}

interface Chain {
  readonly types: readonly OptionType[];
  readonly strikes: readonly number[];
  readonly years: readonly number[];
}

export interface Priced extends Chain {
  readonly values: readonly OptionValue[];
  /** For each value a column of all rows; null where the value does not exist. */
  readonly columns: ReadonlyMap<string, readonly (number | null)[]>;
  readonly receipt: Receipt;
}

export async function price(client: Client, flags: PriceFlags): Promise<Priced> {
  const values = flags.values === 'all' ? codesOf(OptionValue, 'OPTION_VALUE_') : codes(flags, 'values', OptionValue);
  const chain = crossed(flags);
  const model = only(codes(flags, 'model', OptionModel), 'model');
  const one = (name: keyof PriceFlags) => (flags[name] === undefined ? undefined : only(numbers(flags, name), name));
  const precision = flags.precision ? only(codes(flags, 'precision', Precision), 'precision') : 0;
  const device = flags.device ? only(codes(flags, 'device', Device), 'device') : 0;
  const reply = await client.pricing.priceOptions({
    execution: { precision, device },
    model,
    values: model === OptionModel.OPTION_MODEL_BLACK_76 && flags.values === 'all' ? withoutYield(values) : [...values],
    type: chain.types,
    spot: one('spot'),
    forward: one('forward'),
    strike: chain.strikes,
    rate: one('rate'),
    dividendYield: one('dividendYield'),
    volatility: one('volatility'),
    yearsToExpiry: chain.years,
  });
  const columns = new Map<string, readonly (number | null)[]>();
  for (const value of values) {
    const name = camel(wordOf(OptionValue[value], 'OPTION_VALUE_'));
    const column = reply[name as keyof typeof reply] as Float64Array | Float32Array | undefined;
    if (column === undefined) continue;
    const isDefined = (row: number) => (((reply.undefined?.[row] ?? 0) >> value) & 1) === 0;
    columns.set(
      name,
      Array.from(column, (number, row) => (isDefined(row) ? number : null)),
    );
  }
  return { ...chain, values, columns, receipt: reply.receipt };
}

export const pricedJson = ({ types, strikes, years, columns, receipt }: Priced): unknown => ({
  type: types.map((type) => OptionType[type]),
  strike: strikes,
  yearsToExpiry: years,
  ...Object.fromEntries(columns),
  receipt: plain(receipt),
});

export function printPriced({ types, strikes, years, columns, receipt }: Priced, terminal: Terminal): void {
  const head = ['type', 'strike', 'days', ...columns.keys()];
  const cell = (number: number | null) => (number === null ? 'undefined' : number.toFixed(6));
  const rows = types.map((type, row) => [
    wordOf(OptionType[type], 'OPTION_TYPE_'),
    String(strikes[row]),
    String(Number((years[row]! * daysPerYear).toFixed(2))),
    ...[...columns.values()].map((column) => cell(column[row]!)),
  ]);
  terminal.out(`${table({ head, rows, numbersFrom: 1 }, terminal)}\n${receiptLine(receipt)}\n`);
}

function crossed(flags: PriceFlags): Chain {
  const types = codes(flags, 'type', OptionType);
  const rows = expiries(flags).flatMap((years) =>
    numbers(flags, 'strikes').flatMap((strike) => types.map((type) => ({ type, strike, years }))),
  );
  return {
    types: rows.map(({ type }) => type),
    strikes: rows.map(({ strike }) => strike),
    years: rows.map(({ years }) => years),
  };
}

const withoutYield = (values: readonly OptionValue[]): OptionValue[] =>
  values.filter((value) => value !== OptionValue.OPTION_VALUE_DIVIDEND_RHO);
