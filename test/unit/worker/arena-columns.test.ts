import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { ArenaColumns, rowBytesOf } from '../../../src/daemon/worker/arena-columns.js';
import { SharedArena } from '../../../src/daemon/worker/shared-arena.js';
import type { WorkerProcess } from '../../../src/daemon/worker/worker-process.js';
import { addon, optionPlan } from '../../support/worker.js';

const plan = optionPlan(10);
const shape = addon.kernels.find(({ name }) => name === plan.kernel)!;

describe('ArenaColumns', () => {
  let arena: SharedArena;
  beforeEach(async () => (arena = await SharedArena.open(addon, 256 * 1024)));
  afterEach(() => arena.close());

  it('know the bytes of a row', () => {
    assert.deepEqual(rowBytesOf(plan, shape), {
      inputs: [1, 8, 0, 0, 0, 8, 8],
      outputs: [8, 8, 0, 0, 0, 0, 0, 0, 0],
    });
  });

  it('lie apart, where devices take them, with nothing of another job beside them', () => {
    arena.bytes.fill(0xee);
    const columns = new ArenaColumns(plan, { arena, shape, rows: 10 });
    const places = [columns.params, ...columns.inputs, ...columns.outputs].filter((place) => place !== null);
    assert.equal(places.length, 1 + 7 + 2);
    let end = 0;
    for (const { offset, bytes } of places) {
      assert.equal(offset % 512, 0);
      assert.ok(offset >= end);
      if (end > 0) assert.ok(arena.bytes.subarray(end, offset).every((byte) => byte === 0));
      end = offset + bytes;
    }
    assert.deepEqual([...columns.view(columns.params)], [1, 0, 0, 0]);
    assert.deepEqual(
      columns.inputs.map(({ stride, bytes }) => [stride, bytes]),
      [1, 8, 0, 0, 0, 8, 8].map((stride) => [stride, stride === 0 ? 8 : 10 * stride]),
    );
  });

  it('are refused where there is no room, and free what they had once their worker cannot write any more', () => {
    const ended: (() => void)[] = [];
    const dying = { state: 'dying', whenEnded: (act: () => void) => ended.push(act) } as unknown as WorkerProcess;
    const columns = new ArenaColumns(plan, { arena, shape, rows: 5000 });
    const full = new DeviceFailure('refused', 'its memory is in use');
    assert.throws(() => new ArenaColumns(plan, { arena, shape, rows: 5000 }), full);
    columns.free(dying);
    assert.ok(arena.figures.usedBytes > 0);
    ended[0]!();
    assert.equal(arena.figures.usedBytes, 0);
  });
});
