import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { regionKeptBytesMin, regionLeaseMs } from '../../../src/daemon/base/limits.js';
import type { Caller } from '../../../src/daemon/base/caller.js';
import { RegionPool } from '../../../src/daemon/memory/region-pool.js';
import { callerOf, openTestRegions, pageBytes } from '../../support/regions.js';

const alice = callerOf('uid:1', 'a');
/** The same user over another connection. */
const other = callerOf('uid:1', 'b');
const bytes = 2 * regionKeptBytesMin;

it('RegionPool has no figures of its own before the first region', () => {
  const { budget } = openTestRegions();
  const pool = new RegionPool({ budget, later: () => undefined });
  assert.deepEqual(pool.reading, { name: 'regions', hits: 0, misses: 0, freeBytes: 0, fragmentation: 0 });
});

describe('RegionPool', () => {
  let set: ReturnType<typeof openTestRegions>;
  beforeEach(() => (set = openTestRegions({ bytesMax: 3 * bytes, ownerBytesMax: 3 * bytes })));
  afterEach(async () => {
    await set.regions.close();
    assert.deepEqual(set.budget.holdings, []);
  });

  /** A region that was written to and released. */
  async function released(caller: Caller, size = bytes): Promise<ArrayBuffer> {
    const { id, token, memory } = await set.regions.create(caller, size);
    const { buffer } = memory;
    new Uint8Array(buffer).fill(1);
    await set.regions.release(caller, id, token);
    return buffer;
  }
  const figures = () => set.regions.reading.pools[0]!;

  it('gives memory of the same size again, all zeros, under another id and token', async () => {
    const before = await released(alice);
    assert.deepEqual(set.budget.usedByKind, { region: 0, worker: 0, pool: bytes });
    const region = await set.regions.create(alice, bytes);
    assert.equal(region.memory.buffer, before);
    assert.equal(region.id, 'region-2');
    assert.ok(new Uint8Array(before).every((byte) => byte === 0));
    assert.deepEqual(figures(), { name: 'regions', hits: 1, misses: 1, freeBytes: 0, fragmentation: 0 });
    assert.deepEqual(set.budget.usedByKind, { region: bytes, worker: 0, pool: 0 });
  });

  it('gives it to nobody but the connection that released it, and only where no other had it', async () => {
    const before = await released(alice);
    assert.notEqual((await set.regions.create(other, bytes)).memory.buffer, before);
    const { id, token } = await set.regions.create(alice, bytes);
    set.regions.use(other, id, token).done();
    await set.regions.release(alice, id, token);
    assert.equal(figures().freeBytes, 0);
  });

  it('keeps it no longer than a lease, nor than its connection', async () => {
    await released(alice);
    set.pass(regionLeaseMs);
    assert.equal(figures().freeBytes, 0);
    await released(alice);
    set.regions.connectionClosed('a');
    assert.equal(figures().freeBytes, 0);
  });

  it('keeps nothing small, and nothing while memory is short', async () => {
    await released(alice, pageBytes);
    assert.equal(figures().freeBytes, 0);
    await released(alice);
    set.regions.shrink(true);
    assert.equal(figures().freeBytes, 0);
    await released(alice);
    assert.equal(figures().freeBytes, 0);
    set.regions.shrink(false);
    await released(alice);
    assert.equal(figures().freeBytes, bytes);
  });

  it('gives way to a region that the budget has no room for otherwise', async () => {
    await released(alice);
    const region = await set.regions.create(other, 3 * bytes);
    assert.equal(region.bytes, 3 * bytes);
    assert.equal(figures().freeBytes, 0);
  });
});
