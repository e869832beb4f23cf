import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OptionValue } from '../../../src/gen/acceld/v1/price_options.js';
import { Violations } from '../../../src/daemon/base/violations.js';
import { outputs, parseValues, takeUndefined } from '../../../src/daemon/operations/option-values.js';

const { OPTION_VALUE_PRICE, OPTION_VALUE_GAMMA, OPTION_VALUE_DIVIDEND_RHO } = OptionValue;

describe('values of an option', () => {
  it('are the price where none is asked for, and each at most once', () => {
    const violations = new Violations();
    assert.deepEqual(parseValues([], false, violations), [OPTION_VALUE_PRICE]);
    assert.equal(violations.count, 0);
    parseValues(
      [OPTION_VALUE_GAMMA, OPTION_VALUE_GAMMA, 99 as OptionValue, OPTION_VALUE_DIVIDEND_RHO],
      true,
      violations,
    );
    assert.deepEqual(
      violations.fault().violations.map(({ field }) => field),
      ['values[1]', 'values[2]', 'values[3]'],
    );
  });

  it('that do not exist leave 0 and a bit of the mask', () => {
    const gammas = Float32Array.of(1, Number.NaN, Infinity, 2);
    const bytes = new Uint8Array(gammas.buffer);
    const columns = outputs.map(([value]) => (value === OPTION_VALUE_GAMMA ? bytes : null));
    const mask = takeUndefined({ outputs: columns, memory: bytes, notFinite: true }, { rows: 4, step: 4 });
    assert.deepEqual([...gammas], [1, 0, 0, 2]);
    assert.deepEqual([...mask], [0, 1 << OPTION_VALUE_GAMMA, 1 << OPTION_VALUE_GAMMA, 0]);
  });
});
