import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { judgeLoad, loadVoice, otherLoad, systemTimes, type Times } from '../../../src/daemon/policy/load.js';
import { settings } from './settings.js';

const times = (all: number, busy: number, own: readonly [number, number][]): Times => ({
  all,
  busy,
  own: new Map(own),
});

describe('load', () => {
  it('is what neither this process nor its workers took', () => {
    const share = otherLoad(
      times(100, 50, [[1, 10]]),
      times(200, 130, [
        [1, 40],
        [2, 20],
      ]),
    );
    assert.equal(share, 0.3);
  });

  it('a worker that ended takes nothing with it', () => {
    assert.equal(
      otherLoad(
        times(0, 0, [
          [1, 0],
          [2, 500],
        ]),
        times(100, 10, [[1, 5]]),
      ),
      0.05,
    );
  });

  it('says nothing about no time, and nothing below zero', () => {
    assert.equal(otherLoad(times(5, 1, []), times(5, 1, [])), undefined);
    assert.equal(otherLoad(times(0, 0, []), times(10, 1, [[1, 2]])), 0);
  });

  it('halves the bulk work, and holds BACKGROUND only where the settings say so', () => {
    const load = { half_bulk_share: 0.7, no_background_share: 0.9 };
    assert.deepEqual(
      [0.6, 0.7, 0.95].map((share) => judgeLoad(share, load).rung),
      ['normal', 'shrink-pools', 'no-background'],
    );
    assert.equal(judgeLoad(0.65, load).easedTo, 'shrink-pools');
    assert.equal(judgeLoad(1, { half_bulk_share: 0.7 }).rung, 'shrink-pools');
  });

  it('hears the difference between two readings', async () => {
    const readings = [times(0, 0, []), times(10, 8, [])];
    const voice = loadVoice(
      () => [],
      async () => readings.shift()!,
    );
    assert.equal((await voice.hear(settings)).facts.otherLoad, 0);
    assert.equal((await voice.hear(settings)).facts.otherLoad, 0.8);
  });

  it('reads this system, workers included', async () => {
    const { all, busy, own } = await systemTimes([process.ppid]);
    assert.ok(all > busy && busy > 0);
    assert.ok(own.get(process.pid)! > 0);
    if (process.platform === 'linux') assert.ok(own.has(process.ppid));
  });
});
