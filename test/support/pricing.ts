// Requests of the pricing service as tests write them.
import assert from 'node:assert/strict';
import { catalog } from '../../src/gen/catalog.js';
import { Priority } from '../../src/gen/acceld/v1/execution.js';
import { OptionModel, OptionType } from '../../src/gen/acceld/v1/option.js';
import { type OptionValue, PriceOptionsRequest, PriceOptionsResponse } from '../../src/gen/acceld/v1/price_options.js';
import { DataType, type Tensor } from '../../src/gen/acceld/v1/tensor.js';

export const pricePath = catalog.pricing.priceOptions.path;
export const statusPath = catalog.admin.getStatus.path;

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

export const f64 = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_F64,
  shape: [values.length],
  data: bytesOf(Float64Array.from(values)),
});

export const f32 = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_F32,
  shape: [values.length],
  data: bytesOf(Float32Array.from(values)),
});

export const codes = (...values: number[]): Tensor => ({
  dtype: DataType.DATA_TYPE_U8,
  shape: [values.length],
  data: Uint8Array.from(values),
});

/** One call at the money, 5 % rate, 20 % volatility, one year: Hull's example in a rounder form. */
export const atTheMoney: PriceOptionsRequest = PriceOptionsRequest.fromPartial({
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  type: codes(OptionType.OPTION_TYPE_CALL),
  spot: f64(100),
  strike: f64(100),
  rate: f64(0.05),
  volatility: f64(0.2),
  yearsToExpiry: f64(1),
});

/** Its price: 100 N(0.35) - 100 e^-0.05 N(0.15), by mpmath at 30 digits. */
export const atTheMoneyPrice = 10.450583572185565;

export const everyValue: readonly OptionValue[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** The request with some fields replaced, as bytes. */
export const encoded = (fields: Partial<PriceOptionsRequest> = {}): Uint8Array =>
  PriceOptionsRequest.encode({ ...atTheMoney, ...fields }).finish();

/** The same option many times with every value: small on the wire, some milliseconds of work, a reply of 3.6 MB. */
export function heavy(priority = Priority.PRIORITY_BATCH, rows = 50_000): Uint8Array {
  const execution = { device: 0, fallback: 0, precision: 0, priority, validateOnly: false };
  return encoded({ execution, values: [...everyValue], type: codes(...new Uint8Array(rows).fill(1)) });
}

/** The column of a reply. */
export function numbers(tensor: Tensor | undefined): Float64Array {
  assert.ok(tensor, 'the column is missing');
  assert.equal(tensor.dtype, DataType.DATA_TYPE_F64);
  return new Float64Array(Uint8Array.from(tensor.data).buffer);
}

/** A reply never holds a NaN or an infinity. */
export function assertFinite(bytes: Uint8Array): void {
  for (const [field, column] of Object.entries(PriceOptionsResponse.decode(bytes))) {
    const tensor = column as Tensor | undefined;
    if (tensor?.dtype === DataType.DATA_TYPE_F64) assert.ok(numbers(tensor).every(Number.isFinite), field);
    if (tensor?.dtype === DataType.DATA_TYPE_F32) {
      const values = new Float32Array(Uint8Array.from(tensor.data).buffer);
      assert.ok(values.every(Number.isFinite), field);
    }
  }
}
