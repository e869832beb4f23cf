import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Heartbeat } from '../../../src/daemon/worker/heartbeat.js';
import { pingEveryNs, pingNsMax, tickNs } from '../../../src/daemon/worker/rules.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('Heartbeat', () => {
  it('asks now and then, and takes silence for death', () => {
    const clock = new FakeClock();
    let pings = 0;
    const heartbeat = new Heartbeat(clock, () => (pings += 1));
    assert.equal(heartbeat.check(0), undefined);
    assert.deepEqual([pings, heartbeat.checkInNs], [1, tickNs]);
    assert.equal(heartbeat.answered(), true);
    assert.equal(heartbeat.checkInNs, pingEveryNs);
    assert.equal(heartbeat.check(tickNs), undefined);
    assert.equal(pings, 1);
    clock.advanceMs(pingEveryNs / 1e6);
    assert.equal(heartbeat.check(2 * tickNs), undefined);
    assert.equal(pings, 2);
    assert.equal(heartbeat.check(2 * tickNs + pingNsMax), undefined);
    assert.equal(heartbeat.check(2 * tickNs + pingNsMax + 1), 'gave no sign of life for 0.50 s');
    assert.ok(pingEveryNs + pingNsMax + tickNs < 1e9);
  });

  it('knows an answer that nobody asked for', () => {
    assert.equal(new Heartbeat(new FakeClock(), () => undefined).answered(), false);
  });
});
