import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  afterEnd,
  isDown,
  LivedTime,
  noStarts,
  taskLimitNs,
  workersWanted,
  type Starts,
} from '../../../src/daemon/worker/rules.js';

const ms = 1e6;

describe('limit of a task', () => {
  it('is 250 ms, and 50 times what was predicted where that is more', () => {
    assert.equal(taskLimitNs(0), 250 * ms);
    assert.equal(taskLimitNs(5 * ms), 250 * ms);
    assert.equal(taskLimitNs(20 * ms), 1000 * ms);
  });
});

describe('LivedTime', () => {
  it('passes with the clock', () => {
    const lived = new LivedTime();
    const begin = lived.advance(1000 * ms);
    assert.equal(lived.advance(1010 * ms) - begin, 10 * ms);
    assert.equal(lived.advance(1025 * ms) - begin, 25 * ms);
  });

  it('counts a pause of the daemon as two ticks', () => {
    const lived = new LivedTime();
    const begin = lived.advance(0);
    assert.equal(lived.advance(5000 * ms) - begin, 20 * ms);
  });
});

describe('starts of workers', () => {
  const end = (starts: Starts, change: Partial<Parameters<typeof afterEnd>[1]> = {}): Starts =>
    afterEnd(starts, { nowNs: 0, didWork: false, isHopeless: false, ...change });

  it('come at once after one that worked', () => {
    assert.deepEqual(end({ fruitless: 4, notBeforeNs: 0 }, { didWork: true, nowNs: 7 }), {
      fruitless: 0,
      notBeforeNs: 7,
    });
  });

  it('come later and later after fruitless ones, and every minute once the device is down', () => {
    const delays: number[] = [];
    let starts = noStarts;
    for (let i = 0; i < 7; i += 1) {
      starts = end(starts);
      delays.push(starts.notBeforeNs / ms);
      assert.equal(isDown(starts), i >= 4, `after ${i + 1}`);
    }
    assert.deepEqual(delays, [50, 100, 200, 400, 60_000, 60_000, 60_000]);
  });

  it('make the device down at once where there is no hope', () => {
    const starts = end(noStarts, { isHopeless: true });
    assert.ok(isDown(starts));
    assert.equal(starts.notBeforeNs, 60_000 * ms);
  });

  it('have a standby, but not while the device is down and not served', () => {
    const down = end(noStarts, { isHopeless: true });
    const wanted = (starts: Starts, useStandby: boolean, isServed: boolean): number =>
      workersWanted(starts, { useStandby, isServed });
    assert.deepEqual([wanted(noStarts, true, false), wanted(noStarts, false, false)], [2, 1]);
    assert.deepEqual([wanted(down, true, false), wanted(down, true, true), wanted(down, false, true)], [1, 2, 1]);
  });
});
