import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { sampleBytesMax } from '../../../src/daemon/base/limits.js';
import { ArenaColumns } from '../../../src/daemon/worker/arena-columns.js';
import { Sampling } from '../../../src/daemon/worker/sampling.js';
import { SharedArena } from '../../../src/daemon/worker/shared-arena.js';
import { addon, optionPlan } from '../../support/worker.js';

const plan = optionPlan(1000);
const shape = addon.kernels.find(({ name }) => name === plan.kernel)!;
/** So that a sample has a hundred rows. */
const rowBytes = sampleBytesMax / 100;

describe('Sampling', () => {
  let arena: SharedArena;
  beforeEach(async () => (arena = await SharedArena.open(addon, 1024 * 1024)));
  afterEach(() => arena.close());

  /** Columns of rows [begin, end), which a test marks. */
  function piece(begin: number, end: number): ArenaColumns {
    const columns = new ArenaColumns(plan, { arena, shape, rows: end - begin });
    const spots = Float64Array.from({ length: end - begin }, (_, row) => begin + row);
    columns.view(columns.inputs[1]!).set(new Uint8Array(spots.buffer));
    return columns;
  }

  it('takes rows of the one piece that has the first of them', () => {
    for (const [chance, first] of [
      [0, 0],
      [0.5, 450],
      [1 - 2 ** -53, 900],
    ] as const) {
      const sampling = new Sampling(plan, rowBytes, chance);
      for (let begin = 0; begin < 1000; begin += 500) {
        const columns = piece(begin, begin + 500);
        const isMeant = first >= begin && first < begin + 500;
        const takeResults = sampling.take({ begin, end: begin + 500 }, columns);
        assert.equal(takeResults !== undefined, isMeant);
        columns.view(columns.outputs[0]!).fill(7);
        takeResults?.();
        columns.view(columns.outputs[0]!).fill(0);
      }
      const { sample } = sampling;
      const rows = first === 450 ? 50 : 100;
      assert.equal(sample!.plan.rows, rows);
      const spots = new Float64Array((sample!.plan.inputs[1] as Uint8Array<ArrayBuffer>).buffer);
      assert.deepEqual([spots[0], spots.length, sample!.plan.inputs[2]!.byteLength], [first, rows, 8]);
      assert.deepEqual([...sample!.outputs[0]!], new Array(8 * rows).fill(7));
      assert.deepEqual(sample!.plan.outputs, plan.outputs);
    }
  });

  it('has nothing to show for a piece that was not computed', () => {
    const sampling = new Sampling(plan, rowBytes, 0);
    assert.ok(sampling.take({ begin: 0, end: 500 }, piece(0, 500)));
    assert.equal(sampling.sample, undefined);
  });
});
