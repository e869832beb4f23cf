import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { rungs, unlimited, voices, type LaneState } from '../../../src/daemon/base/allowance.js';
import { levelOf } from '../../../src/daemon/policy/ladder.js';
import { combine, isSame } from '../../../src/daemon/policy/strictest.js';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';

const strictness: readonly LaneState[] = ['open', 'held', 'shed', 'closed'];
const say = fc.record({
  voice: fc.constantFrom(...voices),
  rung: fc.constantFrom(...rungs),
  text: fc.constant('a reason'),
});

describe('strictest', () => {
  it('limits nothing while nobody says anything', () => {
    assert.equal(combine([]), unlimited);
    assert.equal(combine(voices.map((voice) => ({ voice, rung: 'normal' as const, text: '' }))), unlimited);
  });

  it('the strictest voice wins, and its reason stands first', () => {
    const allowance = combine([
      { voice: 'thermal', rung: 'shrink-pools', text: 'warm' },
      { voice: 'memory', rung: 'no-batch', text: 'short' },
    ]);
    assert.equal(allowance.rung, 'no-batch');
    assert.deepEqual(allowance.reasons, [
      { voice: 'memory', text: 'short' },
      { voice: 'thermal', text: 'warm' },
    ]);
  });

  it('another voice never loosens anything', () => {
    fc.assert(
      fc.property(fc.array(say), say, (some, one) => {
        const [before, after] = [combine(some), combine([...some, one])];
        assert.ok(levelOf(after.rung) >= levelOf(before.rung));
        assert.ok(after.bulkShare <= before.bulkShare);
        assert.ok(after.shrinkPools || !before.shrinkPools);
        assert.ok(before.mayLoad || !after.mayLoad);
        for (const [priority, state] of after.lanes) {
          assert.ok(strictness.indexOf(state) >= strictness.indexOf(before.lanes.get(priority)!));
        }
      }),
    );
  });

  it('never touches ORDER', () => {
    for (const rung of rungs) {
      assert.equal(combine([{ voice: 'memory', rung, text: '' }]).lanes.get(Priority.PRIORITY_ORDER), 'open');
    }
  });

  it('shrinks pools for memory and for the operator alone', () => {
    const shrinking = voices.filter((voice) => combine([{ voice, rung: 'no-batch', text: '' }]).shrinkPools);
    assert.deepEqual(shrinking, ['memory', 'operator']);
  });

  it('is the same allowance when only figures changed, and another one for another voice', () => {
    const memory = (text: string) => combine([{ voice: 'memory', rung: 'no-batch', text }]);
    assert.ok(isSame(memory('5 %'), memory('6 %')));
    assert.ok(!isSame(memory('5 %'), combine([{ voice: 'market', rung: 'no-batch', text: '' }])));
  });
});
