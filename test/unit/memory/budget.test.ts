import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../../src/daemon/base/fault.js';
import { Budget } from '../../../src/daemon/memory/budget.js';

const limits = { bytesMax: 100, ownerBytesMax: 60, reserveBytes: 50 };

function refusal(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'MEMORY_EXCEEDED');
    return error;
  }
  return assert.fail('the claim was granted');
}

describe('memory budget', () => {
  it('grants up to the limits of an owner and of all', () => {
    const budget = new Budget(limits, () => undefined);
    budget.claim('a', 'region', 60);
    budget.claim('b', 'region', 40);
    assert.equal(budget.usedBytes, 100);
    refusal(() => budget.claim('c', 'region', 1));
  });

  it('names the budget and its use in a refusal, and grants nothing by it', () => {
    const budget = new Budget(limits, () => undefined);
    budget.claim('a', 'region', 50);
    const { quota, retryAfterMs } = refusal(() => budget.claim('a', 'region', 51));
    assert.deepEqual(quota, [
      { subject: 'caller:a', description: 'bytes of memory: 50 in use and 51 more would exceed 60' },
      { subject: 'daemon', description: 'bytes of memory: 50 in use and 51 more would exceed 100' },
    ]);
    assert.ok(retryAfterMs! > 0);
    assert.equal(budget.usedBytes, 50);
  });

  it('counts regions and what workers share together', () => {
    const budget = new Budget(limits, () => undefined);
    budget.claim('worker:gpu', 'worker', 60);
    assert.equal(refusal(() => budget.claim('a', 'region', 41)).quota[0]?.subject, 'daemon');
  });

  it('refuses before the machine swaps', () => {
    let available = 80;
    const budget = new Budget(limits, () => available);
    budget.claim('a', 'region', 30);
    available -= 1;
    assert.match(
      refusal(() => budget.claim('a', 'region', 30)).message,
      /machine: .* less than 50 of the 79 available/,
    );
    available = 1000;
    budget.claim('a', 'region', 30);
  });

  it('looks at the machine only where a reserve is set', () => {
    new Budget({ ...limits, reserveBytes: 0 }, () => 0).claim('a', 'region', 60);
  });

  it('tells who holds what, and nothing once all is given back, each claim once', () => {
    const budget = new Budget(limits, () => undefined);
    const claims = [budget.claim('a', 'region', 10), budget.claim('a', 'region', 20), budget.claim('b', 'worker', 5)];
    assert.deepEqual(budget.holdings, [
      { owner: 'a', kind: 'region', bytes: 30, claims: 2 },
      { owner: 'b', kind: 'worker', bytes: 5, claims: 1 },
    ]);
    assert.equal(budget.usedBy('a'), 30);
    for (const claim of [...claims, ...claims]) claim.release();
    assert.deepEqual([budget.holdings, budget.usedBytes], [[], 0]);
  });
});
