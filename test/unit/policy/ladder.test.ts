import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { rungs, type Rung } from '../../../src/daemon/base/allowance.js';
import {
  levelOf,
  plainly,
  stand,
  stricter,
  whenAbove,
  whenBelow,
  type Standing,
} from '../../../src/daemon/policy/ladder.js';
import { settings } from './settings.js';

const steps = settings.memory.available_share;
const calmMs = 10_000;

/** The rungs that a voice stands on, one for each second of readings. */
function climb(readings: readonly number[]): Rung[] {
  let standing: Standing | undefined;
  return readings.map((share, second) => {
    standing = stand(standing, whenBelow(share, steps, ''), { nowMs: second * 1000, calmMs });
    return standing.rung;
  });
}

const changes = (some: readonly Rung[]): Rung[] => some.filter((rung, index) => rung !== some[index - 1]);

describe('ladder', () => {
  it('rises at once to the rung of the reading, over those between', () => {
    assert.deepEqual(climb([0.5, 0.05, 0.01]), ['normal', 'no-batch', 'order-only']);
  });

  it('comes down one rung for each time of calm', () => {
    const way = climb([0.01, ...Array<number>(60).fill(0.5)]);
    assert.deepEqual(changes(way), [...rungs].reverse());
    assert.deepEqual([way[10], way[11], way[51]], ['order-only', 'shed-interactive', 'normal']);
  });

  it('does not flap on readings around a threshold', () => {
    const around = Array.from({ length: 600 }, (_, second) => (second % 2 ? 0.105 : 0.099));
    assert.deepEqual(changes(climb([0.5, ...around])), ['normal', 'no-background']);
    const slowly = Array.from({ length: 600 }, (_, second) => (second % 60 < 30 ? 0.099 : 0.115));
    assert.deepEqual(changes(climb([0.5, ...slowly])), ['normal', 'no-background']);
  });

  it('begins to count anew when calm was broken', () => {
    const calm = Array<number>(9).fill(0.5);
    assert.deepEqual(changes(climb([0.09, ...calm, 0.09, ...calm])), ['no-background']);
  });

  it('whatever the readings: never below what the last one asks for, and down by single rungs only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.3, noNaN: true }), { minLength: 1, maxLength: 100 }),
        (shares) => {
          const way = climb(shares).map(levelOf);
          way.forEach((level, index) => {
            assert.ok(level >= levelOf(whenBelow(shares[index]!, steps, '').rung));
            if (index > 0) assert.ok(level >= way[index - 1]! - 1);
          });
        },
      ),
    );
  });

  it('judges shares that are bad when large the other way round', () => {
    const opinion = whenAbove(0.045, settings.memory.stalled_share, 'stalled');
    assert.deepEqual(opinion, { rung: 'shrink-pools', easedTo: 'no-background', text: 'stalled' });
  });

  it('takes the stricter of two readings with its text, and comes down only when both allow it', () => {
    const one = { ...plainly('no-batch', 'one'), easedTo: 'no-batch' as const };
    const other = { ...plainly('normal', 'other'), easedTo: 'order-only' as const };
    assert.deepEqual(stricter(one, other), { rung: 'no-batch', easedTo: 'order-only', text: 'one' });
  });
});
