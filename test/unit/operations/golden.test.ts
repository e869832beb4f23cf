import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { goldenCodes, goldenNumbers, goldenRows } from '../../../src/daemon/operations/golden.js';
import { goldenPlans } from '../../../src/daemon/operations/index.js';

describe('golden jobs', () => {
  it('have the same columns every time, within their bounds, with zeros where they are wanted', () => {
    const { data, shape } = goldenNumbers(1, [2, 8], { zeroEvery: 4 });
    assert.deepEqual(shape, [goldenRows]);
    const numbers = new Float64Array(data.buffer);
    numbers.forEach((number, row) => assert.ok((row + 1) % 4 === 0 ? number === 0 : number >= 2 && number <= 8));
    assert.deepEqual(goldenNumbers(1, [2, 8], { zeroEvery: 4 }).data, data);
    assert.notDeepEqual(goldenNumbers(2, [2, 8], { zeroEvery: 4 }).data, data);
    assert.equal(goldenNumbers(1, [2, 8], { precision: 4 }).data.length, 4 * goldenRows);
    assert.deepEqual([...new Set(goldenCodes().data)], [1, 2]);
  });

  it('are jobs that the operations themselves would plan', () => {
    const plans = goldenPlans();
    assert.ok(plans.every(({ rows, kernel }) => rows > 0 && /-f(32|64)$/.test(kernel)));
    assert.ok(new Set(plans.map(({ kernel }) => kernel)).size >= 4);
  });
});
