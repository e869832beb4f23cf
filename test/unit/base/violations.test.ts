import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault, faultKinds, invalidInput, rejected } from '../../../src/daemon/base/fault.js';
import { Violations } from '../../../src/daemon/base/violations.js';

describe('fault', () => {
  it('says what a value must be and what it was, at a length that fits a status', () => {
    assert.equal(rejected('rate', 'set', undefined).description, 'must be set, got nothing');
    assert.equal(rejected('rate', '-2 to 2', Number.NaN).description, 'must be -2 to 2, got NaN');
    assert.ok(rejected('name', 'short', 'x'.repeat(10_000)).description.length < 100);
  });

  it('names the columns at fault once each', () => {
    const fault = invalidInput([
      rejected('spot.data[1]', 'above 0', 0),
      rejected('spot.data[2]', 'above 0', 0),
      rejected('rate', 'set', undefined),
    ]);
    assert.equal(fault.message, 'invalid request: 3 violations in spot, rate');
    assert.equal(fault.code, 'INVALID_INPUT');
  });

  it('has a meaning for every code, and marks nothing retryable that stays wrong', () => {
    for (const { meaning, retryable, status } of Object.values(faultKinds)) {
      assert.ok(meaning.length > 10);
      assert.equal(
        retryable,
        status === 'UNAVAILABLE' || (status === 'RESOURCE_EXHAUSTED' && !meaning.includes('over its limit')),
      );
    }
  });
});

describe('violations', () => {
  it('throws nothing while nothing is wrong', () => {
    assert.doesNotThrow(() => new Violations().throwIfAny());
  });

  it('lists the first 32 and counts the rest', () => {
    const violations = new Violations();
    for (let row = 0; row < 40; row += 1) violations.reject(`spot.data[${row}]`, 'above 0', 0);
    assert.throws(
      () => violations.throwIfAny(),
      (error) => {
        assert.ok(error instanceof Fault);
        assert.equal(error.violations.length, 33);
        assert.equal(error.violations[32]!.description, 'and 8 more');
        assert.match(error.message, /^invalid request: 40 violations in spot$/);
        return true;
      },
    );
  });
});
