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
  it('read numbers where they lie, aligned or not, and one for every row', () => {
    const { columns } = set();
    const tensor = f64(1, 2);
    const moved = Buffer.concat([Buffer.alloc(1), tensor.data]).subarray(1);
    const numbers = columns.reader(columns.numbers('a', { ...tensor, data: moved })!);
    assert.deepEqual([numbers(0), numbers(1)], [1, 2]);
    const one = columns.reader(columns.numbers('b', f64(7))!);
    assert.deepEqual([one(0), one(5)], [7, 7]);
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
    const { columns, violations } = set();
    const contract = { model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON, rate: f64(0.05) };
    const open = openContract(contract, false, { columns, violations });
    assert.equal(carryOf(true, open, Precision.PRECISION_F64), open.rate!.bytes);
    assert.deepEqual(carryOf(false, open, Precision.PRECISION_F64), new Uint8Array(8));
    assert.deepEqual(carryOf(false, open, Precision.PRECISION_F32), new Uint8Array(4));
  });
});
