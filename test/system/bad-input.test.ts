// Requests that break their contract: each is refused with every field at fault, and harms nobody.
import assert from 'node:assert/strict';
import { Device, Fallback } from '../../src/gen/acceld/v1/execution.js';
import { type PriceOptionsRequest } from '../../src/gen/acceld/v1/price_options.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { codes, encoded, everyValue, f32, f64, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';

type Fields = Partial<PriceOptionsRequest>;
/** A code of no enum. */
const unknownCode: number = 77;

type Case = readonly [title: string, request: Fields, ...fields: string[]];

const execution = { device: 0, fallback: 0, precision: 0, priority: 0, validateOnly: false };
const rowsOf = (rows: number, bytes = 8) => ({ ...f64(1), shape: [rows], data: new Uint8Array(bytes) });

const values: readonly Case[] = [
  ...[NaN, Infinity, -Infinity, -100, 0, -0, 5e-324, 1e13].flatMap((value): Case[] => [
    [`spot ${value}`, { spot: f64(value) }, 'spot.data[0]'],
    [`strike ${value}`, { strike: f64(value) }, 'strike.data[0]'],
  ]),
  ...[NaN, Infinity, -0.2, 5e-324, 20].map((value): Case => [
    `volatility ${value}`,
    { volatility: f64(value) },
    'volatility.data[0]',
  ]),
  ...[NaN, Infinity, -1, 5e-324, 201].map((value): Case => [
    `time ${value}`,
    { yearsToExpiry: f64(value) },
    'years_to_expiry.data[0]',
  ]),
  ...[NaN, -Infinity, 3, -3].flatMap((value): Case[] => [
    [`rate ${value}`, { rate: f64(value) }, 'rate.data[0]'],
    [`yield ${value}`, { dividendYield: f64(value) }, 'dividend_yield.data[0]'],
  ]),
  ['growth of 2 for 100 years', { rate: f64(2), yearsToExpiry: f64(100) }, 'rate.data[0]'],
  ['one bad row of three', { spot: f64(100, NaN, 100) }, 'spot.data[1]'],
  ['fp32 spot NaN', { ...fp32Fields(), spot: f32(NaN) }, 'spot.data[0]'],
  ['fp32 strike that underflows', { ...fp32Fields(), strike: f32(1e-40) }, 'strike.data[0]'],
];

function fp32Fields(): Fields {
  return {
    execution: { ...execution, precision: 2 },
    spot: f32(100),
    strike: f32(100),
    rate: f32(0.05),
    volatility: f32(0.2),
    yearsToExpiry: f32(1),
  };
}

const shapes: readonly Case[] = [
  ['columns of different lengths', { spot: f64(1, 2), strike: f64(1, 2, 3) }, 'spot.shape'],
  ['an empty batch', { spot: rowsOf(0, 0) }, 'spot.shape'],
  ['2^31 rows', { spot: rowsOf(2 ** 31) }, 'spot.shape'],
  ['2^32 - 1 rows', { spot: rowsOf(2 ** 32 - 1) }, 'spot.shape'],
  ['one row too many', { spot: rowsOf(65_537, 65_537 * 8) }, 'spot.shape'],
  ['two dimensions', { spot: { ...f64(1, 2, 3, 4), shape: [2, 2] } }, 'spot.shape'],
  ['no dimension', { spot: { ...f64(1), shape: [] } }, 'spot.shape'],
  ['a million dimensions', { spot: { ...f64(1), shape: Array<number>(1e6).fill(1) } }, 'spot.shape'],
  ['too few bytes', { spot: rowsOf(1, 7) }, 'spot.data'],
  ['too many bytes', { spot: rowsOf(1, 9) }, 'spot.data'],
  ['no bytes', { spot: rowsOf(1, 0) }, 'spot.data'],
  ['fp32 where fp64 is due', { spot: f32(100) }, 'spot.dtype'],
  ['codes as numbers', { type: f64(1) }, 'type.dtype'],
  ['an unknown type of element', { spot: { ...f64(100), dtype: unknownCode } }, 'spot.dtype'],
  ['a reply above 4 MiB', { type: codes(...new Uint8Array(65_000).fill(1)), values: [...everyValue] }, 'values'],
];

const enums: readonly Case[] = [
  ['model unset', { model: 0 }, 'model'],
  ['model 77', { model: unknownCode }, 'model'],
  ['model -1', { model: -1 }, 'model'],
  ['value 0', { values: [0] }, 'values[0]'],
  ['value 77', { values: [1, unknownCode] }, 'values[1]'],
  ['a value twice', { values: [1, 1] }, 'values[1]'],
  ['type 0', { type: codes(0) }, 'type.data[0]'],
  ['type 255', { type: codes(1, 255) }, 'type.data[1]'],
  ...['device', 'fallback', 'precision', 'priority'].flatMap((name): Case[] => [
    [`${name} 17`, { execution: { ...execution, [name]: 17 } }, `execution.${name}`],
    [`${name} -1`, { execution: { ...execution, [name]: -1 } }, `execution.${name}`],
  ]),
  ['a forward under Black-Scholes-Merton', { forward: f64(100) }, 'forward'],
  [
    'spot, yield and dividend rho under Black-76',
    { model: 2, dividendYield: f64(0), values: [7] },
    'values[0]',
    'spot',
    'dividend_yield',
    'forward',
  ],
];

describe('bad input', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  before(async () => {
    daemon = await startDaemon();
    client = new RawClient(daemon.socket);
  });
  afterEach(() => assertUnharmed(daemon, { connections: 1 }));
  after(async () => {
    client.close();
    await daemon.stop();
  });

  async function refused(bytes: Uint8Array, fields: readonly string[]): Promise<void> {
    const answer = await client.call(pricePath, bytes, { headers: { 'x-request-id': 'mine' } });
    assert.equal(answer.status, 'INVALID_ARGUMENT', answer.message);
    assert.equal(answer.info?.reason, 'INVALID_INPUT');
    assert.equal(answer.info.domain, 'acceld');
    assert.equal(answer.info.metadata.get('retryable'), 'false');
    assert.equal(answer.requestId, 'mine');
    assert.equal(answer.receipt?.requestId, 'mine');
    assert.deepEqual(
      answer.violations.map(({ field }) => field),
      fields,
    );
    for (const { description } of answer.violations) assert.match(description, /^(must be|is not|and \d+ more)/);
  }

  for (const [name, cases] of Object.entries({ values, shapes, enums })) {
    it(`names the field: ${name}`, async () => {
      for (const [title, request, ...fields] of cases) {
        await refused(encoded(request), fields).catch((error: Error) => {
          throw new Error(`${title}: ${error.message}`, { cause: error });
        });
      }
    });
  }

  it('names every field that is missing at once', async () => {
    await refused(new Uint8Array(), ['model', 'type', 'spot', 'strike', 'rate', 'years_to_expiry', 'volatility']);
  });

  it('names 32 violations, counts the others, and stays quick', async () => {
    const nan = f64(...new Float64Array(65_536).fill(NaN));
    const bad = { spot: nan, strike: nan, rate: nan, volatility: nan, yearsToExpiry: nan };
    const answer = await client.call(pricePath, encoded(bad));
    assert.equal(answer.status, 'INVALID_ARGUMENT');
    assert.equal(answer.violations.length, 33);
    assert.deepEqual(answer.violations[32], { field: '*', description: `and ${5 * 65_536 - 32} more` });
  });

  it('refuses a million values without reading them one by one', async () => {
    const answer = await client.call(pricePath, encoded({ values: Array<number>(1e6).fill(unknownCode) }));
    assert.equal(answer.status, 'INVALID_ARGUMENT');
    assert.equal(answer.violations[0]?.field, 'values');
  });

  it('takes no request id that could break a log line', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      const answer = await client.call(pricePath, new Uint8Array(), { headers: { 'x-request-id': id } });
      assert.equal(answer.requestId, id);
    }
    for (const id of ['a b', 'x'.repeat(65), '{"msg":"bug" }']) {
      const answer = await client.call(pricePath, new Uint8Array(), { headers: { 'x-request-id': id } });
      assert.match(answer.requestId, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    }
  });

  it('says that a device is absent rather than guess', async () => {
    const terms = { ...execution, device: Device.DEVICE_GPU, fallback: Fallback.FALLBACK_FORBID };
    const answer = await client.call(pricePath, encoded({ execution: terms, spot: f64(NaN) }));
    assert.equal(answer.info?.reason, 'INVALID_INPUT', 'the input is judged before the device');
  });
});
