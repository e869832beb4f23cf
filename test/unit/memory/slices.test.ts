import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Fault } from '../../../src/daemon/base/fault.js';
import type { Region } from '../../../src/daemon/memory/regions.js';
import { CallSlices, noSlices } from '../../../src/daemon/memory/slices.js';
import { callerOf, openTestRegions, pageBytes } from '../../support/regions.js';

const alice = callerOf('uid:1', 'a');

describe('slices', () => {
  let set: ReturnType<typeof openTestRegions>;
  let region: Region;
  beforeEach(async () => {
    set = openTestRegions();
    region = await set.regions.create(alice, 1);
  });
  afterEach(() => set.regions.close());

  const slice = (offset: number, bytes: number) => ({ regionId: region.id, token: region.token, offset, bytes });

  it('are the bytes of the region', () => {
    const slices = new CallSlices(set.regions, alice);
    const opened = slices.open(slice(8, 16));
    assert.ok('bytes' in opened);
    opened.bytes.fill(7);
    assert.deepEqual([...new Uint8Array(region.memory.buffer, 6, 4)], [0, 0, 7, 7]);
    assert.equal(opened.bytes.byteLength, 16);
    slices.close();
  });

  it('reach to the end of the region and not beyond', () => {
    const slices = new CallSlices(set.regions, alice);
    assert.ok('bytes' in slices.open(slice(0, pageBytes)));
    assert.ok('bytes' in slices.open(slice(pageBytes, 0)));
    for (const [offset, bytes] of [
      [1, pageBytes],
      [pageBytes, 1],
      [Number.MAX_SAFE_INTEGER, 8],
      [8, Number.MAX_SAFE_INTEGER],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ] as const) {
      const opened = slices.open(slice(offset, bytes));
      assert.ok('field' in opened && opened.field === 'offset', `${offset} ${bytes}`);
    }
    slices.close();
  });

  it('keep each region once until the call ends, however many of them it names', () => {
    const slices = new CallSlices(set.regions, alice);
    for (let index = 0; index < 5; index += 1) slices.open(slice(0, 8));
    assert.equal(region.uses, 1);
    void set.regions.release(alice, region.id, region.token);
    assert.equal(region.memory.buffer.byteLength, pageBytes);
    slices.close();
    assert.equal(region.uses, 0);
    assert.equal(region.memory.buffer.byteLength, 0);
  });

  it('need the token each time', () => {
    const slices = new CallSlices(set.regions, alice);
    slices.open(slice(0, 8));
    const isUnknown = (error: unknown): boolean => error instanceof Fault && error.code === 'REGION_UNKNOWN';
    assert.throws(() => slices.open({ ...slice(0, 8), token: new Uint8Array(16) }), isUnknown);
    assert.throws(() => noSlices.open(slice(0, 8)), isUnknown);
    slices.close();
    assert.equal(region.uses, 0);
  });
});
