import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { guardBlockRows, guardBlockShift, loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { Pools, rowsOutOfDomain } from '../../../src/daemon/devices/pools.js';
import { optionTask, price } from '../../support/option-task.js';

describe('Pools', () => {
  const addon = loadHostAddon();
  let pools: Pools;
  before(() => (pools = new Pools(addon, { threads: 1 })));
  after(() => pools.close());

  it('answers every task once, of either kind', async () => {
    const answers = [true, false, true].map((bulk) => {
      const { prices, ...task } = optionTask(addon, 1000);
      return new Promise<[Float64Array, number, number]>((done) =>
        pools.run({ ...task, begin: 0, end: 1000, guard: undefined, bulk }, (flags, computeNs) =>
          done([prices, flags, computeNs]),
        ),
      );
    });
    for (const [prices, flags, computeNs] of await Promise.all(answers)) {
      assert.ok(prices.every((value) => Math.abs(value - price) < 1e-12));
      assert.equal(flags, 0);
      assert.ok(computeNs > 0);
    }
  });

  it('refuses a malformed task before anything runs', () => {
    const task = optionTask(addon, 10);
    const never = () => assert.fail('it ran');
    assert.throws(() => pools.run({ ...task, begin: 0, end: 11, guard: undefined, bulk: false }, never), RangeError);
  });

  it('names the rows of a block, which end with the task', () => {
    const flags = (2 << guardBlockShift) | 2;
    const begin = 7 + 2 * guardBlockRows;
    assert.deepEqual(rowsOutOfDomain({ begin: 7, end: 1e6 }, flags), { begin, end: begin + guardBlockRows });
    assert.deepEqual(rowsOutOfDomain({ begin: 7, end: begin + 1 }, flags), { begin, end: begin + 1 });
  });
});
