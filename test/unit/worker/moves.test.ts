import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { PoolAnswer, Pools } from '../../../src/daemon/devices/pools.js';
import { Moves } from '../../../src/daemon/worker/moves.js';

const task = { kernel: 0, params: new Uint8Array(), inputs: [], outputs: [], guard: undefined, bulk: false };

describe('Moves', () => {
  it('learns what a row costs there and back, and knows when nothing is on its way', async () => {
    const answers: PoolAnswer[] = [];
    const moves = new Moves({ run: (_task, answer) => answers.push(answer) } as Pick<Pools, 'run'> as Pools);
    await moves.idle();
    const before = moves.rowNs;
    const flags: number[] = [];
    moves.run('there', { ...task, begin: 0, end: 1000 }, (flag) => flags.push(flag));
    moves.run('back', { ...task, begin: 0, end: 10 }, (flag) => flags.push(flag));
    let isIdle = false;
    const idle = moves.idle().then(() => (isIdle = true));
    answers[0]!(2, 100_000);
    await Promise.resolve();
    assert.equal(isIdle, false);
    assert.ok(moves.rowNs > before + 5 && moves.rowNs < 100, String(moves.rowNs));
    const learnt = moves.rowNs;
    // Ten rows measure cold caches.
    answers[1]!(0, 100_000);
    await idle;
    assert.equal(moves.rowNs, learnt);
    assert.deepEqual(flags, [2, 0]);
  });
});
