import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Precision } from '../../../src/gen/acceld/v1/execution.js';
import { OptionModel } from '../../../src/gen/acceld/v1/option.js';
import { DataType, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { Violations } from '../../../src/daemon/base/violations.js';
import { columnOf, Columns } from '../../../src/daemon/operations/columns.js';
import { parseExecution } from '../../../src/daemon/operations/execution.js';
import { carryOf, isBlack76, openContract } from '../../../src/daemon/operations/option-contract.js';

const f64 = (...values: number[]): Tensor => columnOf(Float64Array.from(values));

function set(precision = Precision.PRECISION_F64) {
  const violations = new Violations();
  return { violations, columns: new Columns(precision, violations) };
}

describe('columns', () => {
  it('give views over the message where it is aligned, and a copy where it is not', () => {
    const { columns } = set();
    const tensor = f64(1, 2);
    assert.equal(columns.unchecked(columns.numbers('a', tensor)!).buffer, tensor.data.buffer);
    const moved = Buffer.concat([Buffer.alloc(1), tensor.data]).subarray(1);
    assert.deepEqual([...columns.unchecked(columns.numbers('b', { ...tensor, data: moved })!)], [1, 2]);
  });

  it('agree on the rows of the longest', () => {
    const { columns, violations } = set();
    columns.numbers('a', f64(1));
    columns.numbers('b', f64(1, 2, 3));
    assert.equal(columns.rows(), 3);
    assert.equal(violations.count, 0);
    columns.numbers('c', f64(1, 2));
    columns.rows();
    assert.throws(() => violations.throwIfAny(), /c/);
  });

  it('want the type of the precision', () => {
    const { columns, violations } = set(Precision.PRECISION_F32);
    assert.equal(columns.numbers('a', f64(1)), undefined);
    assert.ok(columns.numbers('b', columnOf(Float32Array.of(1))));
    assert.equal(columns.codes('c', undefined), undefined);
    assert.equal(violations.count, 2);
  });

  it('name their results by type', () => {
    assert.equal(columnOf(Float32Array.of(1)).dtype, DataType.DATA_TYPE_F32);
    assert.equal(columnOf(Uint32Array.of(1)).dtype, DataType.DATA_TYPE_U32);
    assert.equal(columnOf(Uint8Array.of(1)).dtype, DataType.DATA_TYPE_U8);
    assert.deepEqual(f64(1, 2).shape, [2]);
  });
});

describe('execution', () => {
  it('fills in defaults for what is unset, and for no options at all', () => {
    const { violations } = set();
    const execution = parseExecution(undefined, Precision.PRECISION_F32, violations);
    assert.deepEqual([execution.precision, execution.reproducible, execution.fallbackAllowed], [2, true, true]);
    assert.equal(violations.count, 0);
  });
});

describe('option contract', () => {
  it('knows its models', () => {
    const { violations } = set();
    assert.equal(isBlack76({ model: OptionModel.OPTION_MODEL_BLACK_76 }, violations), true);
    assert.equal(isBlack76({ model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON }, violations), false);
    assert.equal(violations.count, 0);
    isBlack76({ model: OptionModel.OPTION_MODEL_UNSPECIFIED }, violations);
    assert.equal(violations.count, 1);
  });

  it('names every column that is missing', () => {
    const { violations, columns } = set();
    openContract({ model: OptionModel.OPTION_MODEL_BLACK_76 }, true, { columns, violations });
    assert.throws(() => violations.throwIfAny(), /type, forward, strike, rate, years_to_expiry/);
  });

  it('carries a forward at the rate, and nothing without a yield', () => {
    const rate = Float64Array.of(0.05);
    assert.equal(carryOf(true, rate, undefined), rate);
    assert.deepEqual(carryOf(false, rate, undefined), Float64Array.of(0));
    assert.deepEqual(carryOf(false, Float32Array.of(1), undefined), Float32Array.of(0));
  });
});
