import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Precision, Receipt } from '../../../src/gen/acceld/v1/execution.js';
import {
  ImpliedVolatilityRequest,
  ImpliedVolatilityResponse,
  VolatilityStatus,
} from '../../../src/gen/acceld/v1/implied_volatility.js';
import { OptionModel } from '../../../src/gen/acceld/v1/option.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { columnOf } from '../../../src/daemon/operations/columns.js';
import { impliedVolatility } from '../../../src/daemon/operations/implied-volatility.js';

const f64 = (...values: number[]) => columnOf(Float64Array.from(values));
const request = (change: Partial<ImpliedVolatilityRequest> = {}): ImpliedVolatilityRequest =>
  ImpliedVolatilityRequest.fromPartial({
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: columnOf(Uint8Array.of(1)),
    spot: f64(100),
    strike: f64(90, 100),
    rate: f64(0.05),
    yearsToExpiry: f64(1),
    price: f64(15, 10),
    ...change,
  });
const faultOf = (change: Partial<ImpliedVolatilityRequest>): Fault => {
  try {
    impliedVolatility.parse(request(change));
  } catch (error) {
    assert.ok(error instanceof Fault);
    return error;
  }
  return assert.fail('the request was accepted');
};

describe('implied-volatility', () => {
  it('leaves the values of rows to the kernel', () => {
    const job = impliedVolatility.parse(request({ price: f64(Number.NaN, -1), spot: f64(0) }));
    const plan = impliedVolatility.plan(job);
    assert.deepEqual([plan.kernel, plan.rows, plan.inputs.length], ['implied-volatility-f64', 2, 7]);
    const prices = Uint8Array.from(plan.inputs[6] as Uint8Array);
    assert.deepEqual([...new Float64Array(prices.buffer)], [Number.NaN, -1]);
  });

  it('names columns of a wrong shape or type, and missing ones', () => {
    assert.deepEqual(
      faultOf({ price: undefined, strike: f64(1, 2, 3), rate: f64(1, 2) }).violations.map(({ field }) => field),
      ['price', 'rate.shape'],
    );
    assert.equal(faultOf({ type: columnOf(Uint8Array.of(9)) }).violations[0]!.field, 'type.data[0]');
    const execution = { device: 0, fallback: 0, precision: Precision.PRECISION_F32, priority: 0, validateOnly: false };
    assert.equal(faultOf({ execution }).code, 'PRECISION_ABSENT');
  });

  it('answers a status of one byte for each row', () => {
    const job = impliedVolatility.parse(request());
    const bytes = (...numbers: number[]) => new Uint8Array(Float64Array.from(numbers).buffer);
    const result = { outputs: [bytes(0.2, 0), bytes(1, 2)], memory: new Uint8Array(), notFinite: false };
    const receipt = Receipt.fromPartial({ requestId: 'r' });
    const reply = impliedVolatility.reply(job, result, receipt);
    const { status, volatility } = ImpliedVolatilityResponse.decode(reply);
    assert.deepEqual(
      [...status!.data],
      [VolatilityStatus.VOLATILITY_STATUS_OK, VolatilityStatus.VOLATILITY_STATUS_BELOW_INTRINSIC],
    );
    assert.deepEqual(volatility!.shape, [2]);
    const empty = ImpliedVolatilityResponse.decode(impliedVolatility.reply(job, null, receipt));
    assert.deepEqual([empty.receipt!.requestId, empty.volatility], ['r', undefined]);
  });
});
