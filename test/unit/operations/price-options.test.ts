import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Device, Fallback, Precision, Priority, Receipt } from '../../../src/gen/acceld/v1/execution.js';
import { OptionModel } from '../../../src/gen/acceld/v1/option.js';
import { OptionValue, PriceOptionsRequest, PriceOptionsResponse } from '../../../src/gen/acceld/v1/price_options.js';
import { DataType, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { Fault, type Violation } from '../../../src/daemon/base/fault.js';
import { allocateOutputs } from '../../../src/daemon/devices/result-memory.js';
import { priceOptions } from '../../../src/daemon/operations/price-options.js';

const f64 = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_F64,
  shape: [values.length],
  data: new Uint8Array(Float64Array.from(values).buffer),
});
const f32 = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_F32,
  shape: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const u8 = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_U8,
  shape: [values.length],
  data: Uint8Array.from(values),
});

function request(change: Partial<PriceOptionsRequest> = {}): PriceOptionsRequest {
  return PriceOptionsRequest.fromPartial({
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: u8(1),
    spot: f64(100),
    strike: f64(90, 100, 110),
    rate: f64(0.05),
    volatility: f64(0.2),
    yearsToExpiry: f64(1),
    ...change,
  });
}

function violations(change: Partial<PriceOptionsRequest>): readonly Violation[] {
  try {
    priceOptions.parse(request(change));
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    return error.violations;
  }
  return assert.fail('the request was accepted');
}
const fields = (change: Partial<PriceOptionsRequest>): string[] => violations(change).map(({ field }) => field);

const receipt = Receipt.fromPartial({
  requestId: 'r',
  kernelDigest: '0123456789abcdef',
  totalNs: 1e9,
  allowance: 'normal',
});
/** Buffers and arrays of bytes compare alike. */
const plain = (response: PriceOptionsResponse) =>
  Object.entries(response).map(([field, value]: [string, Partial<Tensor> | undefined]) =>
    value?.data ? [field, value.dtype, value.shape, Uint8Array.from(value.data)] : [field, value],
  );

describe('price-options', () => {
  it('takes columns of one element for every row, and the defaults of the contract', () => {
    const plan = priceOptions.plan(priceOptions.parse(request()));
    assert.equal(plan.rows, 3);
    assert.equal(plan.kernel, 'price-options-f64');
    assert.deepEqual(plan.outputs, [true, false, false, false, false, false, false, false, false]);
    assert.equal(plan.execution.priority, Priority.PRIORITY_INTERACTIVE);
    assert.equal(plan.execution.device, Device.DEVICE_AUTO);
    assert.deepEqual(plan.inputs[4], new Uint8Array(8));
  });

  it('reads columns at any address of the message', () => {
    const bytes = PriceOptionsRequest.encode(request()).finish();
    for (let shift = 0; shift < 8; shift += 1) {
      const moved = Buffer.alloc(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      const { inputs } = priceOptions.plan(priceOptions.parse(PriceOptionsRequest.decode(moved)));
      const strikes = Uint8Array.from(inputs[2] as Uint8Array);
      assert.deepEqual([...new Float64Array(strikes.buffer)], [90, 100, 110]);
    }
  });

  it('gives Black-76 the rate as its carry, and refuses what that model does not have', () => {
    const black76 = { model: OptionModel.OPTION_MODEL_BLACK_76, spot: undefined, forward: f64(100) };
    const { inputs } = priceOptions.plan(priceOptions.parse(request(black76)));
    assert.deepEqual(inputs[4], inputs[3]);
    assert.deepEqual(fields({ ...black76, dividendYield: f64(0) }), ['dividend_yield']);
    assert.deepEqual(fields({ ...black76, spot: f64(100) }), ['spot']);
    assert.deepEqual(fields({ ...black76, values: [OptionValue.OPTION_VALUE_DIVIDEND_RHO] }), ['values[0]']);
    assert.deepEqual(fields({ forward: f64(1) }), ['forward']);
  });

  it('names every field at fault in one answer', () => {
    const found = fields({
      model: 9 as OptionModel,
      type: undefined,
      spot: f64(Number.NaN),
      strike: f64(90, -1, 110, Infinity),
      volatility: f32(0.2),
      yearsToExpiry: { ...f64(1), data: new Uint8Array(7) },
      execution: { device: 77 as Device, fallback: 0, precision: 0, priority: 5 as Priority, validateOnly: false },
    });
    const expected = [
      'execution.device',
      'execution.priority',
      'model',
      'type',
      'years_to_expiry.data',
      'volatility.dtype',
    ];
    assert.deepEqual(found, expected);
    assert.deepEqual(fields({ spot: f64(Number.NaN), strike: f64(90, -1, 110, Infinity) }), [
      'spot.data[0]',
      'strike.data[1]',
      'strike.data[3]',
    ]);
  });

  const numbers: [name: 'spot' | 'strike' | 'rate' | 'volatility' | 'yearsToExpiry', bad: number[], good: number[]][] =
    [
      ['spot', [Number.NaN, Infinity, -Infinity, -1, 0, -0, 1e13, 5e-324], [1e-9, 1e12]],
      ['strike', [Number.NaN, Infinity, -Infinity, -1, 0, 1e13], [1e-9, 1e12]],
      ['rate', [Number.NaN, Infinity, 2.1, -2.1], [-2, 0, 2]],
      ['volatility', [Number.NaN, Infinity, -0.2, 20, 1e-10], [0, 1e-9, 10]],
      ['yearsToExpiry', [Number.NaN, Infinity, -1, 201, 1e-10], [0, 1e-9]],
    ];
  for (const [name, bad, good] of numbers) {
    it(`checks the range of ${name} in both precisions`, () => {
      for (const value of bad) assert.equal(violations({ [name]: f64(value) }).length, 1, String(value));
      for (const value of good)
        assert.doesNotThrow(() => priceOptions.parse(request({ [name]: f64(value) })), String(value));
      const precision = {
        execution: { device: 0, fallback: 0, precision: Precision.PRECISION_F32, priority: 0, validateOnly: false },
      };
      const narrow = {
        type: u8(1),
        spot: f32(100),
        strike: f32(100),
        rate: f32(0.05),
        volatility: f32(0.2),
        yearsToExpiry: f32(1),
      };
      for (const value of good) {
        assert.doesNotThrow(
          () => priceOptions.parse(request({ ...precision, ...narrow, [name]: f32(value) })),
          `f32 ${value}`,
        );
      }
    });
  }

  it('bounds the growth rate x years, by row', () => {
    assert.deepEqual(fields({ rate: f64(0.1, 0.5, 0.1), yearsToExpiry: f64(100, 101, 100) }), ['rate.data[1]']);
    assert.deepEqual(fields({ dividendYield: f64(-0.5), yearsToExpiry: f64(101) }), ['dividend_yield.data[0]']);
  });

  it('refuses columns of different lengths, empty ones, and shapes that are no column', () => {
    assert.deepEqual(fields({ rate: f64(0.1, 0.1) }), ['rate.shape']);
    assert.deepEqual(fields({ strike: f64() }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...f64(1), shape: [2 ** 31] } }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...f64(1), shape: [1, 1] } }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...f64(1), shape: [] } }), ['strike.shape']);
    assert.deepEqual(fields({ strike: { ...f64(1), shape: new Array<number>(100_000).fill(7) } }), ['strike.shape']);
  });

  it('refuses unknown codes, repeated values, and a reply that would not fit', () => {
    assert.deepEqual(fields({ type: u8(0, 3, 1) }), ['type.data[0]', 'type.data[1]']);
    assert.deepEqual(fields({ values: [1, 1, 0, 99, -1] as OptionValue[] }), [
      'values[1]',
      'values[2]',
      'values[3]',
      'values[4]',
    ]);
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9] as OptionValue[];
    assert.deepEqual(fields({ values, strike: f64(...new Array<number>(65_536).fill(100)) }), ['values']);
    assert.match(violations({ values, strike: f64(...new Array<number>(65_537).fill(100)) })[0]!.description, /65536/);
  });

  it('lists at most 32 violations and the number of the rest', () => {
    const found = violations({ strike: f64(...new Array<number>(1000).fill(-1)) });
    assert.equal(found.length, 33);
    assert.deepEqual(found.at(-1), { field: '*', description: 'and 968 more' });
  });

  it('moves what is not finite into the mask and leaves 0, never a NaN', () => {
    const values = [OptionValue.OPTION_VALUE_PRICE, OptionValue.OPTION_VALUE_GAMMA];
    const job = priceOptions.parse(request({ values }));
    const { memory, outputs } = allocateOutputs(priceOptions.plan(job));
    outputs[0]!.set(new Uint8Array(Float64Array.of(1, 2, 3).buffer));
    outputs[2]!.set(new Uint8Array(Float64Array.of(4, Number.NaN, Infinity).buffer));
    const bytes = priceOptions.reply(job, { memory, outputs, notFinite: true }, receipt);
    const response = PriceOptionsResponse.decode(bytes);
    assert.deepEqual([...new Float64Array(Uint8Array.from(response.gamma!.data).buffer)], [4, 0, 0]);
    assert.deepEqual([...new Uint32Array(Uint8Array.from(response.undefined!.data).buffer)], [0, 1 << 3, 1 << 3]);
    assert.equal(response.delta, undefined);
  });

  it('encodes columns in place as the codec would', () => {
    for (const precision of [Precision.PRECISION_F64, Precision.PRECISION_F32]) {
      for (const rows of [1, 15, 16, 127, 128, 2047, 2048, 16_384]) {
        const make = precision === Precision.PRECISION_F32 ? f32 : f64;
        const execution = { device: 0, fallback: 0, precision, priority: 0, validateOnly: false };
        const column = make(...new Array<number>(rows).fill(100));
        const values = [OptionValue.OPTION_VALUE_PRICE, OptionValue.OPTION_VALUE_THETA, OptionValue.OPTION_VALUE_VOLGA];
        const one = { spot: make(100), rate: make(0), volatility: make(0.2), yearsToExpiry: make(1) };
        const job = priceOptions.parse(request({ execution, values, ...one, strike: column }));
        const { memory, outputs } = allocateOutputs(priceOptions.plan(job));
        outputs.forEach((bytes, index) => bytes?.fill(index + 1));
        const tensor = (fill: number): Tensor => ({ ...column, data: new Uint8Array(column.data.length).fill(fill) });
        const expected = { receipt, price: tensor(1), theta: tensor(5), volga: tensor(9) };
        const found = PriceOptionsResponse.decode(
          priceOptions.reply(job, { memory, outputs, notFinite: false }, receipt),
        );
        assert.deepEqual(plain(found), plain(PriceOptionsResponse.fromPartial(expected)));
      }
    }
  });

  it('sends a receipt that outgrows its room all the same', () => {
    const long = Receipt.fromPartial({ ...receipt, deviceName: 'x'.repeat(2000) });
    const job = priceOptions.parse(request());
    const result = { ...allocateOutputs(priceOptions.plan(job)), notFinite: false };
    assert.equal(PriceOptionsResponse.decode(priceOptions.reply(job, result, long)).receipt!.deviceName.length, 2000);
  });

  it('keeps the caller’s execution options', () => {
    const execution = {
      device: Device.DEVICE_GPU,
      fallback: Fallback.FALLBACK_FORBID,
      precision: 0,
      priority: Priority.PRIORITY_ORDER,
      reproducible: false,
      validateOnly: true,
    };
    const { execution: parsed } = priceOptions.parse(request({ execution }));
    assert.deepEqual(parsed, {
      device: Device.DEVICE_GPU,
      fallbackAllowed: false,
      precision: Precision.PRECISION_F64,
      reproducible: false,
      priority: Priority.PRIORITY_ORDER,
      isPriorityUnset: false,
      validateOnly: true,
    });
  });
});
