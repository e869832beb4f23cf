// What the memory of workers holds, as the system counts it.
import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { afterEach, before, describe, it } from 'mocha';
import { unlimited } from '../../../src/daemon/base/allowance.js';
import { arenaKeptBytes } from '../../../src/daemon/base/limits.js';
import { SharedArena } from '../../../src/daemon/worker/shared-arena.js';
import { eventually } from '../../support/eventually.js';
import { notHere } from '../../support/missing.js';
import { addon, compute, expected, isUp, openWorker, optionPlan } from '../../support/worker.js';

const megabyte = 1024 * 1024;
const page = 16 * 1024;

/** Pages of a memory without a name, in bytes. */
const heldBy = ({ descriptor }: SharedArena): number => 512 * fstatSync(descriptor).blocks;

describe('SharedArena', () => {
  let arena: SharedArena | undefined;
  afterEach(() => arena?.close());

  before(function () {
    if (process.platform !== 'linux') notHere(this, 'macOS does not tell what such memory holds');
  });

  it('gives back at once what no job uses while memory is short, and nothing that one uses', async () => {
    arena = await SharedArena.open(addon, 16 * megabyte);
    assert.equal(heldBy(arena), 16 * megabyte);
    const used = arena.allocate(megabyte)!;
    const beat = arena.takeBeat();
    arena.bytes.fill(7, used.offset, used.offset + used.bytes);
    arena.shrink(true);
    await eventually(() => assert.equal(heldBy(arena!), page + megabyte));
    assert.equal(arena.figures.heldBytes, page + megabyte);
    assert.ok(arena.bytes.subarray(used.offset, used.offset + used.bytes).every((byte) => byte === 7));
    assert.equal(arena.tasksBegun(beat), 0);
    arena.free(used);
    arena.shrink(true);
    await eventually(() => assert.equal(heldBy(arena!), page));
  });

  it('gives back what no job used for a while, but for a first part', async () => {
    arena = await SharedArena.open(addon, 16 * megabyte, 10);
    await eventually(() => assert.equal(heldBy(arena!), arenaKeptBytes));
    const burst = arena.allocate(12 * megabyte)!;
    arena.bytes.fill(7, burst.offset, burst.offset + burst.bytes);
    assert.equal(arena.figures.heldBytes, page + 12 * megabyte);
    assert.equal(heldBy(arena), page + 12 * megabyte);
    arena.free(burst);
    await eventually(() => assert.equal(heldBy(arena!), arenaKeptBytes));
    assert.equal(arena.figures.heldBytes, arenaKeptBytes);
  });

  it('stays the memory of the workers that have it', async () => {
    const worker = await openWorker();
    await isUp(worker);
    const plan = optionPlan(20_000);
    for (let round = 0; round < 3; round += 1) {
      worker.device.obey({ ...unlimited, shrinkPools: true });
      await eventually(() => assert.equal(worker.device.memory!.heldBytes, page));
      const { bytes } = await compute(worker.device, plan);
      assert.ok(bytes.equals(expected(plan)));
    }
    await worker.close();
  });
});
