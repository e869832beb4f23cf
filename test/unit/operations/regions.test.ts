// Columns and results in regions, for every operation that has columns.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Precision, Receipt } from '../../../src/gen/acceld/v1/execution.js';
import { ImpliedVolatilityRequest, ImpliedVolatilityResponse } from '../../../src/gen/acceld/v1/implied_volatility.js';
import { OptionModel } from '../../../src/gen/acceld/v1/option.js';
import { PriceOptionsRequest, PriceOptionsResponse } from '../../../src/gen/acceld/v1/price_options.js';
import { DataType, RegionSlice, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { Fault, type Violation } from '../../../src/daemon/base/fault.js';
import { rowsMax } from '../../../src/daemon/base/limits.js';
import type { Plan, Result } from '../../../src/daemon/base/plan.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import type { Region } from '../../../src/daemon/memory/regions.js';
import { CallSlices } from '../../../src/daemon/memory/slices.js';
import { columnOf } from '../../../src/daemon/operations/columns.js';
import { domainOf } from '../../../src/daemon/operations/domain.js';
import { impliedVolatility } from '../../../src/daemon/operations/implied-volatility.js';
import { priceOptions } from '../../../src/daemon/operations/price-options.js';
import { regionTensor, wireName } from '../../../src/daemon/operations/region-results.js';
import { callerOf, openTestRegions, pageBytes } from '../../support/regions.js';

const alice = callerOf('uid:1', 'a');
const one = (value: number): Tensor => columnOf(Float64Array.of(value));
const receipt = Receipt.fromPartial({ requestId: 'r' });

describe('operations on regions', () => {
  let set: ReturnType<typeof openTestRegions>;
  let region: Region;
  let slices: CallSlices;
  let device: CpuDevice;
  beforeEach(async () => {
    set = openTestRegions({ bytesMax: 1e9, ownerBytesMax: 1e9 });
    region = await set.regions.create(alice, 64 * pageBytes);
    slices = new CallSlices(set.regions, alice);
    device = new CpuDevice(loadHostAddon(), { threads: 1 });
  });
  afterEach(async () => {
    slices.close();
    await device.close();
    await set.regions.close();
  });

  const slice = (offset: number, bytes: number): RegionSlice => ({
    regionId: region.id,
    token: region.token,
    offset,
    bytes,
  });
  /** A column of f64 in the region. */
  function column(offset: number, values: readonly number[]): Tensor {
    new Float64Array(region.memory.buffer, offset, values.length).set(values);
    return {
      dtype: DataType.DATA_TYPE_F64,
      shape: [values.length],
      data: new Uint8Array(),
      region: slice(offset, 8 * values.length),
    };
  }
  const chain = (change: Partial<PriceOptionsRequest> = {}): PriceOptionsRequest =>
    PriceOptionsRequest.fromPartial({
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: columnOf(Uint8Array.of(1)),
      spot: one(100),
      strike: column(0, [90, 100, 110]),
      rate: one(0.05),
      volatility: one(0.2),
      yearsToExpiry: one(1),
      ...change,
    });
  const outputs = (names: Readonly<Record<string, RegionSlice>>) => new Map(Object.entries(names));
  const priced = () => outputs({ price: slice(pageBytes, 24), undefined: slice(2 * pageBytes, 12) });
  const numbersAt = (offset: number, count: number) => [...new Float64Array(region.memory.buffer, offset, count)];

  function run(plan: Plan): Result {
    const load = device.load(plan);
    let notFinite = false;
    const task = { begin: 0, end: plan.rows, units: plan.rows, bulk: false, inline: true };
    load.run(task, (outcome) => (notFinite = outcome.notFinite));
    return { ...load.result(), notFinite };
  }

  function price(request: PriceOptionsRequest, before: () => void = () => undefined): PriceOptionsResponse {
    const job = priceOptions.parse(request, slices);
    const plan = priceOptions.plan(job);
    before();
    return PriceOptionsResponse.decode(priceOptions.reply(job, run(plan), receipt));
  }

  function violations(act: () => unknown): readonly Violation[] {
    try {
      act();
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'INVALID_INPUT', String(error));
      return error.violations;
    }
    return assert.fail('the request was accepted');
  }
  const fields = (change: Partial<PriceOptionsRequest>): string[] =>
    violations(() => priceOptions.parse(chain(change), slices)).map(({ field }) => field);

  it('give the bits of columns in the message', () => {
    const inline = price(chain({ strike: columnOf(Float64Array.of(90, 100, 110)) }));
    const mixed = price(chain());
    assert.deepEqual([...mixed.price!.data], [...inline.price!.data]);
    const inRegion = price(chain({ outputs: priced() }));
    assert.deepEqual([...new Uint8Array(region.memory.buffer, pageBytes, 24)], [...inline.price!.data]);
    assert.equal(inRegion.price!.data.length, 0);
    assert.deepEqual(inRegion.price!.region, { ...slice(pageBytes, 24), token: new Uint8Array() });
    assert.equal(inRegion.undefined, undefined);
  });

  it('count what travelled and what was shared', () => {
    const trafficOf = (request: PriceOptionsRequest) => priceOptions.plan(priceOptions.parse(request, slices)).traffic;
    assert.deepEqual(trafficOf(chain({ strike: one(90) })), { copiedBytes: 6 * 8 - 7 + 8, sharedBytes: 0 });
    assert.deepEqual(trafficOf(chain()), { copiedBytes: 4 * 8 + 1 + 24, sharedBytes: 24 });
    assert.deepEqual(trafficOf(chain({ outputs: priced() })), { copiedBytes: 4 * 8 + 1, sharedBytes: 24 + 24 + 12 });
  });

  it('take what is not finite out of a result in a region', () => {
    const values = [1, 3]; // Price and gamma, which does not exist at the money at expiry.
    const results = outputs({
      price: slice(pageBytes, 24),
      gamma: slice(2 * pageBytes, 24),
      undefined: slice(3 * pageBytes, 12),
    });
    const request = chain({ values, yearsToExpiry: one(0), outputs: results });
    const reply = price(request);
    assert.deepEqual(numbersAt(2 * pageBytes, 3), [0, 0, 0]);
    assert.deepEqual([...new Uint32Array(region.memory.buffer, 3 * pageBytes, 3)], [0, 8, 0]);
    assert.deepEqual([reply.undefined?.dtype, reply.undefined?.region?.bytes], [DataType.DATA_TYPE_U32, 12]);
  });

  it('write a mask of zeros where everything is finite', () => {
    new Uint32Array(region.memory.buffer, 2 * pageBytes, 3).fill(7);
    price(chain({ outputs: priced() }));
    assert.deepEqual([...new Uint32Array(region.memory.buffer, 2 * pageBytes, 3)], [0, 0, 0]);
  });

  it('judge values when they are used, and name column and row', () => {
    const strikes = Array.from({ length: 5000 }, () => 100);
    const request = chain({ strike: column(0, strikes) });
    new Float64Array(region.memory.buffer)[4321] = -1;
    assert.deepEqual(
      violations(() => price(request)),
      [{ field: 'strike.data[4321]', description: 'must be 1e-9 to 1000000000000, got -1' }],
    );
    new Float64Array(region.memory.buffer)[4321] = 100;
    price(request);
    const later = () => void (new Float64Array(region.memory.buffer)[17] = Number.NaN);
    assert.equal(violations(() => price(request, later))[0]?.field, 'strike.data[17]');
  });

  it('bound growth across message and region', () => {
    const request = chain({ yearsToExpiry: column(pageBytes, [1, 2, 100]), rate: one(0.6), strike: one(100) });
    assert.deepEqual(
      violations(() => price(request)).map(({ field }) => field),
      ['rate.data[0]'],
    );
  });

  it('say so when a value changed before anybody could look at it again', () => {
    const job = priceOptions.parse(chain(), slices);
    const result = { memory: new Uint8Array(), outputs: [], notFinite: false, outOfDomain: { begin: 0, end: 3 } };
    const [first] = violations(() => priceOptions.reply(job, result, receipt));
    assert.match(first!.description, /rows 0 to 2/);
  });

  it('want sizes that fit, from the message alone', () => {
    const strike = column(0, [90, 100, 110]);
    assert.deepEqual(fields({ strike: { ...strike, region: slice(0, 23) } }), ['strike.region.bytes']);
    assert.deepEqual(fields({ strike: { ...strike, region: slice(64 * pageBytes - 8, 24) } }), [
      'strike.region.offset',
    ]);
    assert.deepEqual(fields({ strike: { ...strike, data: new Uint8Array(24) } }), ['strike.data']);
    assert.deepEqual(fields({ strike: { ...strike, shape: [3, 1] } }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...strike, shape: [2 ** 26 + 1] } }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...strike, dtype: DataType.DATA_TYPE_F32 } }), ['strike.dtype']);
  });

  it('want every result in a region or none, each with a place of its own', () => {
    const price = slice(pageBytes, 24);
    const mask = slice(2 * pageBytes, 12);
    assert.deepEqual(fields({ outputs: outputs({ price }) }), ['outputs["undefined"]']);
    assert.deepEqual(fields({ outputs: outputs({ price, undefined: mask, delta: price }) }), ['outputs']);
    assert.deepEqual(fields({ outputs: outputs({ price, undefined: mask, __proto__x: price }) }), ['outputs']);
    const short = { ...price, bytes: 16 };
    assert.deepEqual(fields({ outputs: outputs({ price: short, undefined: mask }) }), ['outputs["price"].bytes']);
    const over = { ...mask, offset: pageBytes + 20 };
    assert.deepEqual(fields({ outputs: outputs({ price, undefined: over }) }), ['outputs["undefined"]']);
    const onColumn = { ...price, offset: 16 };
    assert.deepEqual(fields({ outputs: outputs({ price: onColumn, undefined: mask }) }), ['outputs["price"]']);
  });

  it('are not longer than a message where one result travels in it', () => {
    const strike = { ...column(0, []), shape: [rowsMax + 1], region: slice(0, 8 * (rowsMax + 1)) };
    assert.deepEqual(fields({ strike }), ['outputs']);
  });

  it('find a volatility and its status', () => {
    const request = ImpliedVolatilityRequest.fromPartial({
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: columnOf(Uint8Array.of(1)),
      spot: one(100),
      strike: one(100),
      rate: one(0.05),
      yearsToExpiry: one(1),
      price: column(0, [10.450583572185565, 1, Number.NaN]),
    });
    const reply = (outputsOf: Map<string, RegionSlice>): ImpliedVolatilityResponse => {
      const job = impliedVolatility.parse({ ...request, outputs: outputsOf }, slices);
      return ImpliedVolatilityResponse.decode(impliedVolatility.reply(job, run(impliedVolatility.plan(job)), receipt));
    };
    const inline = reply(new Map());
    assert.deepEqual([...inline.status!.data], [1, 2, 4]);
    const results = outputs({ volatility: slice(pageBytes, 24), status: slice(2 * pageBytes, 3) });
    const shared = reply(results);
    assert.deepEqual([...new Uint8Array(region.memory.buffer, 2 * pageBytes, 4)], [1, 2, 4, 0]);
    assert.deepEqual([...new Uint8Array(region.memory.buffer, pageBytes, 24)], [...inline.volatility!.data]);
    assert.deepEqual([shared.status?.dtype, shared.status?.region?.bytes], [DataType.DATA_TYPE_U8, 3]);
    const { traffic } = impliedVolatility.plan(impliedVolatility.parse({ ...request, outputs: results }, slices));
    assert.deepEqual(traffic, { copiedBytes: 33, sharedBytes: 24 + 27 });
  });

  it('refuse a code that no operation knows, in a region as in a message', () => {
    const type = { ...columnOf(Uint8Array.of(1, 2, 3)), data: new Uint8Array(), region: slice(pageBytes, 3) };
    new Uint8Array(region.memory.buffer, pageBytes, 3).set([1, 2, 3]);
    const request = ImpliedVolatilityRequest.fromPartial({ ...chain(), type, price: one(10) });
    const job = impliedVolatility.parse({ ...request, outputs: new Map() }, slices);
    const faults = violations(() => impliedVolatility.reply(job, run(impliedVolatility.plan(job)), receipt));
    assert.deepEqual(
      faults.map(({ field }) => field),
      ['type.data[2]'],
    );
  });
});

describe('domain', () => {
  it('has the borders of the precision', () => {
    const range = { min: 1e-9, max: 2, zero: true };
    const products = [{ first: 0, second: 1, max: 50 }];
    const wide = [1e-9, 2, 1, Number.NaN, 0, 0, 0, 1, 50];
    assert.deepEqual([...domainOf({ ranges: [range, null], products }, Precision.PRECISION_F64)], wide);
    assert.equal(domainOf({ ranges: [range] }, Precision.PRECISION_F32)[0], Math.fround(1e-9));
  });
});

describe('results in regions', () => {
  it('are named in the reply without their token', () => {
    const slice = RegionSlice.fromPartial({ regionId: 'region-1', token: Uint8Array.of(1), offset: 8, bytes: 4 });
    const { region, shape } = regionTensor({ slice, bytes: new Uint8Array(4) }, 2, DataType.DATA_TYPE_U8);
    assert.deepEqual([shape, region], [[2], { ...slice, token: new Uint8Array() }]);
  });

  it('have the names of the proto file', () => {
    assert.equal(wireName('dividendRho'), 'dividend_rho');
  });
});
