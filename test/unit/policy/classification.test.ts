import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Classification } from '../../../src/daemon/policy/classification.js';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import { callFinished } from '../../support/call-finished.js';
import { FakeClock } from '../../support/fake-clock.js';

function set(enabled = true) {
  const clock = new FakeClock();
  const classification = new Classification(() => ({ enabled, batch_ms: 50, batch_cores: 0.5 }), clock);
  const ask = (caller: string, estimateMs: number) =>
    classification.classify({ caller, operation: 'price-options', estimateNs: estimateMs * 1e6 });
  const finish = (caller: string, computeMs: number) =>
    classification.observe(callFinished({ caller, operation: 'price-options', computeNs: computeMs * 1e6 }));
  return { clock, ask, finish };
}

describe('classification', () => {
  it('says nothing unless it is switched on', () => {
    assert.equal(set(false).ask('uid:1', 1000), undefined);
  });

  it('a long call is BATCH, a short one INTERACTIVE, each with its measure', () => {
    const { ask } = set();
    assert.deepEqual(ask('uid:1', 120), {
      priority: Priority.PRIORITY_BATCH,
      reason: 'one call takes about 120 ms, and from 50 ms on it is BATCH',
    });
    assert.deepEqual(ask('uid:1', 1), {
      priority: Priority.PRIORITY_INTERACTIVE,
      reason: 'a short call, and these calls took 0.00 cores in the last 10 s',
    });
  });

  it('many short calls are BATCH, of their caller alone, until it has been quiet for a while', () => {
    const { clock, ask, finish } = set();
    for (let second = 0; second < 60; second += 1) {
      finish('uid:1', 800);
      clock.advanceMs(1000);
    }
    assert.equal(ask('uid:1', 1)?.priority, Priority.PRIORITY_BATCH);
    assert.match(ask('uid:1', 1)!.reason, /took 0.7\d cores/);
    assert.equal(ask('uid:2', 1)?.priority, Priority.PRIORITY_INTERACTIVE);
    clock.advanceMs(10_000);
    assert.equal(ask('uid:1', 1)?.priority, Priority.PRIORITY_INTERACTIVE);
  });

  it('forgets whoever was idle longest', () => {
    const { ask, finish } = set();
    finish('uid:0', 1e6);
    for (let other = 1; other <= 1024; other += 1) finish(`uid:${other}`, 1e6);
    assert.equal(ask('uid:0', 1)?.priority, Priority.PRIORITY_INTERACTIVE);
    assert.equal(ask('uid:1', 1)?.priority, Priority.PRIORITY_BATCH);
  });
});
