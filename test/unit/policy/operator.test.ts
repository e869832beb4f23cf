import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Fault } from '../../../src/daemon/base/fault.js';
import { muteSecondsMax, Operator } from '../../../src/daemon/policy/operator.js';

const fields = (act: () => void): string[] => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Fault);
    return error.violations.map(({ field }) => field);
  }
  return [];
};

describe('operator', () => {
  it('mutes a voice for a time, at most a day', () => {
    const operator = new Operator();
    operator.mute('thermal', muteSecondsMax, 0);
    assert.deepEqual(operator.muted(1000), [{ voice: 'thermal', secondsLeft: muteSecondsMax - 1 }]);
    assert.deepEqual(operator.expired(muteSecondsMax * 1e3 - 1), []);
    assert.deepEqual(operator.expired(muteSecondsMax * 1e3), ['thermal']);
    assert.deepEqual(operator.muted(0), []);
  });

  it('refuses longer, no time, and its own voice, all at once', () => {
    const operator = new Operator();
    for (const seconds of [0, -1, NaN, muteSecondsMax + 1]) {
      assert.deepEqual(
        fields(() => operator.mute('memory', seconds, 0)),
        ['mute.seconds'],
      );
    }
    assert.deepEqual(
      fields(() => operator.mute('operator', 0, 0)),
      ['mute.seconds', 'mute.voice'],
    );
    assert.deepEqual(operator.muted(0), []);
  });

  it('says whether there was anything to unmute', () => {
    const operator = new Operator();
    operator.mute('load', 5, 0);
    assert.deepEqual([operator.unmute('load'), operator.unmute('load')], [true, false]);
  });
});
