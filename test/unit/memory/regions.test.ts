import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../../src/daemon/base/fault.js';
import { regionLeaseMs, regionsPerCallerMax } from '../../../src/daemon/base/limits.js';
import type { Region, Regions } from '../../../src/daemon/memory/regions.js';
import { callerOf, openTestRegions, pageBytes } from '../../support/regions.js';

const alice = callerOf('uid:1', 'a');
const bob = callerOf('uid:2', 'b');

const isUnknown = (error: unknown): boolean => error instanceof Fault && error.code === 'REGION_UNKNOWN';

function assertGone(regions: Regions, { id, token }: Region): void {
  assert.throws(() => regions.use(alice, id, token), isUnknown);
}

describe('regions', () => {
  it('are zeros in whole pages, each with an id and a token of its own', async () => {
    const { regions, budget } = openTestRegions();
    const [first, second] = [await regions.create(alice, 1), await regions.create(alice, pageBytes + 1)];
    assert.deepEqual([first.bytes, second.bytes], [pageBytes, 2 * pageBytes]);
    assert.equal(budget.usedBytes, 3 * pageBytes);
    assert.ok(new Uint8Array(second.memory.buffer).every((byte) => byte === 0));
    assert.notEqual(first.id, second.id);
    assert.notDeepEqual(first.token, second.token);
    await regions.close();
  });

  it('are found by their owner with their token alone, and all else looks the same', async () => {
    const { regions } = openTestRegions();
    const { id, token } = await regions.create(alice, 1);
    regions.use(alice, id, token).done();
    const wrong = token.map((byte) => byte ^ 1);
    const texts = [
      [bob, id, token],
      [alice, id, wrong],
      [alice, id, token.subarray(1)],
      [alice, id, new Uint8Array()],
      [alice, 'region-2', token],
      [alice, '__proto__', token],
    ].map(([caller, ...key]) => {
      try {
        regions.use(caller as typeof alice, ...(key as [string, Uint8Array]));
      } catch (error) {
        assert.ok(isUnknown(error));
        return (error as Fault).message;
      }
      return assert.fail('the region was found');
    });
    assert.equal(new Set(texts).size, 1);
    assert.deepEqual(regions.list('uid:2'), []);
    assert.throws(() => regions.release(bob, id, token), isUnknown);
    await regions.close();
  });

  it('end when they are released, but not under a call that uses them', async () => {
    const { regions, budget, events } = openTestRegions();
    const region = await regions.create(alice, 1);
    const use = regions.use(alice, region.id, region.token);
    const view = new Uint8Array(region.memory.buffer);
    const released = regions.release(alice, region.id, region.token);
    assertGone(regions, region);
    assert.equal(view.length, pageBytes);
    assert.equal(budget.usedBytes, pageBytes);
    use.done();
    use.done();
    assert.equal(view.length, 0, 'every view is empty once the memory is gone');
    await released;
    assert.deepEqual(budget.holdings, []);
    assert.deepEqual(events, [
      { kind: 'region-ended', id: region.id, owner: 'uid:1', bytes: pageBytes, reason: 'released' },
    ]);
  });

  it('outlive their last connection by the lease, and no longer', async () => {
    const { regions, events, pass, timers } = openTestRegions();
    const region = await regions.create(alice, 1);
    regions.connectionClosed('a');
    assert.ok(timers[0]!.ms > regionLeaseMs);
    pass(regionLeaseMs - 1);
    assert.equal(regions.count, 1);
    pass(0);
    regions.connectionClosed('b');
    regions.expire();
    assert.equal(regions.count, 1);
    pass(1);
    regions.expire();
    assert.equal(regions.count, 0);
    assertGone(regions, region);
    assert.equal(events.at(-1)?.kind === 'region-ended' && events.at(-1), events.at(-1));
    assert.equal((events.at(-1) as { reason: string }).reason, 'lease-ended');
    await regions.close();
  });

  it('live on with another connection of their owner that used them within the lease', async () => {
    const { regions, pass } = openTestRegions();
    const { id, token } = await regions.create(alice, 1);
    regions.connectionClosed('a');
    pass(regionLeaseMs - 1);
    regions.use(callerOf('uid:1', 'b'), id, token).done();
    pass(10 * regionLeaseMs);
    assert.equal(regions.count, 1);
    regions.connectionClosed('b');
    pass(regionLeaseMs);
    assert.equal(regions.count, 0);
    await regions.close();
  });

  it('are not held by a hand-over of their descriptor', async () => {
    const { regions, pass } = openTestRegions();
    const { id, token } = await regions.create(alice, 1);
    assert.throws(() => regions.peek('uid:2', id, token), isUnknown);
    regions.peek('uid:1', id, token).done();
    regions.connectionClosed('a');
    pass(regionLeaseMs);
    assert.equal(regions.count, 0);
    await regions.close();
  });

  it('are not held by a connection that closed before its call came so far', async () => {
    const { regions, pass } = openTestRegions();
    const creating = regions.create(alice, 1);
    regions.connectionClosed('a');
    const { id, token } = await creating;
    regions.use(alice, id, token).done();
    pass(regionLeaseMs);
    assert.equal(regions.count, 0);
    await regions.close();
  });

  it('end under the lease only once the last call is over', async () => {
    const { regions, budget, pass } = openTestRegions();
    const { id, token } = await regions.create(alice, 1);
    const use = regions.use(alice, id, token);
    regions.connectionClosed('a');
    pass(regionLeaseMs);
    assert.equal(regions.count, 0);
    assert.equal(budget.usedBytes, pageBytes);
    use.done();
    await regions.close();
    assert.equal(budget.usedBytes, 0);
  });

  it('are refused beyond the budget and beyond their number', async () => {
    const { regions, budget } = openTestRegions({
      ownerBytesMax: 1e9,
      bytesMax: (regionsPerCallerMax + 9) * pageBytes,
    });
    await assert.rejects(regions.create(alice, 1e9), (error: Fault) => error.code === 'MEMORY_EXCEEDED');
    const all = Array.from({ length: regionsPerCallerMax }, () => regions.create(alice, 1));
    await assert.rejects(regions.create(alice, 1), (error: Fault) =>
      /regions: 129 would exceed 128/.test(error.message),
    );
    await Promise.all(all);
    await assert.rejects(regions.create(alice, 1), (error: Fault) => error.code === 'MEMORY_EXCEEDED');
    await regions.create(bob, 1);
    await regions.close();
    assert.deepEqual(budget.holdings, []);
  });

  it('end with the daemon, those that are being made included', async () => {
    const { regions, budget } = openTestRegions();
    await regions.create(alice, 1);
    const late = regions.create(alice, 1);
    await regions.close();
    await late;
    await regions.close();
    assert.deepEqual([regions.count, budget.usedBytes], [0, 0]);
  });

  it('leave no descriptor behind', async () => {
    const { readdirSync } = await import('node:fs');
    const descriptors = (): number => readdirSync('/dev/fd').length;
    const before = descriptors();
    const { regions } = openTestRegions();
    for (let round = 0; round < 50; round += 1) {
      const { id, token } = await regions.create(alice, pageBytes);
      await regions.release(alice, id, token);
    }
    await regions.close();
    assert.equal(descriptors(), before);
  });
});
