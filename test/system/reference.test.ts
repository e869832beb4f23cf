// Every row of the reference data through the API, and laws that hold without any reference.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  connect,
  OptionModel,
  OptionType,
  OptionValue,
  type Client,
  type ValueColumn,
} from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { assertUnharmed } from '../support/unharmed.js';

/** Names of the reference data in the order of OptionValue, with the columns of the reply. */
const names = [
  ['price', 'price'],
  ['delta', 'delta'],
  ['gamma', 'gamma'],
  ['vega', 'vega'],
  ['theta', 'theta'],
  ['rho', 'rho'],
  ['rhoDiv', 'dividendRho'],
  ['vanna', 'vanna'],
  ['volga', 'volga'],
] as const;
type Name = (typeof names)[number][0];
type Reply = Awaited<ReturnType<Client['pricing']['priceOptions']>>;

interface Row {
  readonly id: string;
  readonly group: string;
  readonly type: 'call' | 'put';
  readonly spot: number;
  readonly strike: number;
  readonly rate: number;
  readonly divYield: number;
  readonly vol: number;
  readonly tYears: number;
  /** A value that is missing has no reference; null: it does not exist. */
  readonly expected: Readonly<Partial<Record<Name, number | null>>>;
  readonly tolAbs: Readonly<Partial<Record<Name, number | null>>>;
}

const file = new URL('../reference/options-european.json', import.meta.url);
const { rows: allRows } = JSON.parse(readFileSync(file, 'utf8')) as { readonly rows: readonly Row[] };
const everyValue = names.map((_, index) => (index + 1) as OptionValue);
const codeOf = { call: OptionType.OPTION_TYPE_CALL, put: OptionType.OPTION_TYPE_PUT };

/** 2^29 = ulp of fp32 / ulp of fp64; below the normal numbers of fp32 a magnitude counts as 0. */
const precisions = [
  { name: 'fp64', columnOf: (values: number[]) => Float64Array.from(values), scale: 1, floor: 0 },
  { name: 'fp32', columnOf: (values: number[]) => Float32Array.from(values), scale: 2 ** 29, floor: 1.2e-38 },
] as const;

describe('reference', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client.close();
    await assertUnharmed(daemon);
    await daemon.stop();
  });

  for (const { name, columnOf, scale, floor } of precisions) {
    for (const type of ['call', 'put'] as const) {
      const price = (rows: readonly Row[], model: OptionModel, values: OptionValue[]): Promise<Reply> => {
        const of = (field: 'spot' | 'strike' | 'rate' | 'divYield' | 'vol' | 'tYears') =>
          columnOf(rows.map((row) => row[field]));
        const is76 = model === OptionModel.OPTION_MODEL_BLACK_76;
        const underlying = is76 ? { forward: of('spot') } : { spot: of('spot'), dividendYield: of('divYield') };
        const terms = { strike: of('strike'), rate: of('rate'), volatility: of('vol'), yearsToExpiry: of('tYears') };
        return client.pricing.priceOptions({ model, values, type: codeOf[type], ...underlying, ...terms });
      };

      it(`${name} ${type}: every row of the data, Black-Scholes-Merton`, async () => {
        const rows = allRows.filter((row) => row.type === type);
        assert.ok(rows.length > 250);
        const reply = await price(rows, OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON, everyValue);
        const compared = rows.map((row, index) => compare(row, reply, index, { scale, floor, skip: [] }));
        assert.ok(compared.reduce((sum, count) => sum + count) > rows.length * 8);
      });

      it(`${name} ${type}: Black-76 on the forward`, async () => {
        const rows = allRows.filter((row) => row.type === type && row.group === 'black76');
        assert.equal(rows.length, 20);
        const values = everyValue.filter((value) => value !== OptionValue.OPTION_VALUE_DIVIDEND_RHO);
        const reply = await price(rows, OptionModel.OPTION_MODEL_BLACK_76, values);
        rows.forEach((row, index) => {
          compare(row, reply, index, { scale, floor, skip: ['rho', 'rhoDiv'] });
          // The forward is fixed, so that the rate only discounts.
          const { price: value } = row.expected;
          const tolerance = scale * row.tYears * (row.tolAbs.price! + 2 ** -50 * value!);
          near(reply.rho![index]!, -row.tYears * value!, Math.max(tolerance, floor), `${row.id} rho`);
        });
      });
    }
  }

  const options = fc.record({
    spot: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
    strike: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
    rate: fc.double({ min: -0.1, max: 0.3, noNaN: true }),
    dividendYield: fc.double({ min: -0.1, max: 0.3, noNaN: true }),
    volatility: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 4, noNaN: true })),
    yearsToExpiry: fc.oneof(fc.constant(0), fc.double({ min: 1e-4, max: 40, noNaN: true })),
  });
  const model = OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON;
  type Option = { spot: number; strike: number; rate: number; dividendYield: number; yearsToExpiry: number };
  /** Present values of spot and strike, and 64 ulps of what rounding in them can do. */
  const legs = ({ spot, strike, rate, dividendYield, yearsToExpiry: years }: Option) => {
    const [asset, cash] = [spot * Math.exp(-dividendYield * years), strike * Math.exp(-rate * years)];
    const condition = (asset + cash) * (1 + (Math.abs(rate) + Math.abs(dividendYield)) * years);
    return { asset, cash, tolerance: 64 * 2 ** -52 * condition };
  };

  it('keeps put-call parity', async () => {
    await fc.assert(
      fc.asyncProperty(options, async (option) => {
        const { price } = await client.pricing.priceOptions({ ...option, model, type: [1, 2] });
        const { asset, cash, tolerance } = legs(option);
        near(price![0]! - price![1]!, asset - cash, tolerance, JSON.stringify(option));
      }),
      { numRuns: 500 },
    );
  });

  it('is homogeneous in spot and strike', async () => {
    const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
    await fc.assert(
      fc.asyncProperty(options, factor, fc.constantFrom(1, 2), async (option, scale, type) => {
        const { spot, strike } = option;
        const scaled = { ...option, spot: [spot, spot * scale], strike: [strike, strike * scale] };
        const { price } = await client.pricing.priceOptions({ ...scaled, model, type });
        near(price![1]!, price![0]! * scale, legs(option).tolerance * scale, JSON.stringify({ option, scale }));
      }),
      { numRuns: 500 },
    );
  });
});

function near(actual: number, expected: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - expected);
  assert.ok(error <= tolerance, `${what}: ${actual}, expected ${expected}, off by ${error / tolerance} tolerances`);
}

interface Terms {
  readonly scale: number;
  readonly floor: number;
  readonly skip: readonly Name[];
}

/** Compares every value that has a reference, and returns their number. */
function compare(row: Row, reply: Reply, index: number, { scale, floor, skip }: Terms): number {
  let compared = 0;
  names.forEach(([name, column], at) => {
    const expected = row.expected[name];
    if (expected === undefined || skip.includes(name)) return;
    const isUndefined = (((reply.undefined?.[index] ?? 0) >> (at + 1)) & 1) === 1;
    const value = (reply[column] as ValueColumn)[index]!;
    assert.equal(isUndefined, expected === null, `${row.id} ${name}: the bit in undefined`);
    if (expected === null) assert.equal(value, 0, `${row.id} ${name}`);
    else near(value, expected, Math.max(row.tolAbs[name]! * scale, floor), `${row.id} ${name}`);
    compared += 1;
  });
  return compared;
}
