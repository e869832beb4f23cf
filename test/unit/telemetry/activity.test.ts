import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { unlimited, type PolicyReading } from '../../../src/daemon/base/allowance.js';
import { Activity } from '../../../src/daemon/telemetry/activity.js';
import { Spans, type Minute } from '../../../src/daemon/telemetry/minute.js';
import { RecentCalls } from '../../../src/daemon/telemetry/recent.js';
import { Device } from '../../../src/gen/acceld/v1/execution.js';
import { callFinished } from '../../support/call-finished.js';
import { FakeClock } from '../../support/fake-clock.js';

/** The fake clock begins with a minute of the wall clock. */
const beginMs = 1_800_000_000_000;

describe('activity', () => {
  let clock: FakeClock;
  let minutes: Minute[];
  let busyNs: number;
  let activity: Activity;
  let policy: PolicyReading;
  const advance = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advanceMs(1000);
      activity.step();
    }
  };
  beforeEach(() => {
    clock = new FakeClock();
    minutes = [];
    busyNs = 0;
    policy = { protectedVenues: [], muted: [], allowance: unlimited };
    activity = new Activity({
      clock,
      devices: () => [
        { kind: Device.DEVICE_CPU, up: true, workers: undefined, memory: undefined, busyNs, parallel: 2 },
      ],
      policy: () => policy,
      onMinute: (minute) => minutes.push(minute),
    });
  });

  it('rolls up each minute of the wall clock, and counts every call once', () => {
    for (let second = 0; second < 180; second += 1) {
      activity.calls.add(callFinished());
      advance(1);
    }
    assert.deepEqual(
      minutes.map(({ beginMs: begin }) => begin - beginMs),
      [0, 60_000, 120_000],
    );
    for (const { calls, callers } of minutes) {
      const [{ latencies, ...sums }] = calls as [Minute['calls'][number]];
      assert.deepEqual(sums, {
        ...{ operation: 'an-operation', device: 'cpu', priority: 'order', outcome: 'OK' },
        ...{ calls: 60, rows: 180, totalNs: 180e6, queueNs: 60e6, deviceNs: 120e6 },
      });
      assert.equal(
        latencies.reduce((sum, count) => sum + count),
        60,
      );
      assert.deepEqual(callers, [{ name: 'uid:1', calls: 60, deviceNs: 120e6 }]);
    }
  });

  it('rolls up a minute whose end it slept through', () => {
    activity.calls.add(callFinished());
    clock.advanceMs(3_600_000);
    activity.step();
    activity.calls.add(callFinished());
    advance(60);
    assert.deepEqual(
      minutes.map(({ beginMs: begin, calls }) => [begin - beginMs, calls[0]?.calls]),
      [
        [0, 1],
        [3_600_000, 1],
      ],
    );
  });

  it('loses no call of a minute in which it was late by some slots', () => {
    activity.calls.add(callFinished());
    clock.advanceMs(25_000);
    activity.step();
    activity.calls.add(callFinished());
    advance(35);
    assert.deepEqual(
      minutes.map(({ calls }) => calls[0]?.calls),
      [2],
    );
  });

  it('begins anew when the clock was set back', () => {
    advance(90);
    activity.calls.add(callFinished());
    clock.advanceMs(-45_000);
    activity.step();
    assert.deepEqual(
      minutes.map(({ beginMs: begin, calls }) => [begin - beginMs, calls.length]),
      [
        [0, 0],
        [60_000, 1],
      ],
    );
    assert.deepEqual(activity.operations(), []);
  });

  it('tells the latencies and failures of the last minute by operation', () => {
    activity.calls.add(callFinished());
    activity.calls.add(callFinished({ outcome: 'QUEUE_FULL', totalNs: 1e6 }));
    const [operation] = activity.operations();
    assert.deepEqual([operation?.operation, operation?.calls, operation?.failures], ['an-operation', 2, 1]);
    assert.ok(Math.abs(operation!.p99Seconds - 0.003) < 0.0003);
    advance(70);
    assert.deepEqual(activity.operations(), []);
  });

  it('puts the callers of the last minute first', () => {
    activity.calls.add(callFinished({ caller: 'uid:1', computeNs: 9e9 }));
    advance(70);
    activity.calls.add(callFinished({ caller: 'uid:2', computeNs: 1e9 }));
    const seen = activity.callers().map(({ name, deviceSeconds, minuteDeviceSeconds }) => {
      return [name, deviceSeconds, minuteDeviceSeconds];
    });
    assert.deepEqual(seen, [
      ['uid:2', 1, 1],
      ['uid:1', 9, 0],
    ]);
  });

  it('tells how much of a device was used in the last minute', () => {
    const reading = () => ({
      ...{ kind: Device.DEVICE_CPU, up: true, workers: undefined, memory: undefined },
      ...{ busyNs, parallel: 2 },
    });
    assert.equal(activity.busyRatio(reading()), 0);
    clock.advanceMs(1000);
    busyNs = 1e9;
    assert.equal(activity.busyRatio(reading()), 0.5);
    advance(200);
    assert.equal(activity.busyRatio(reading()), 0);
    const ratios = minutes[0]!.readings.find(({ name }) => name === 'cpu-busy-ratio')!;
    assert.ok(Math.abs(ratios.high - 0.05) < 1e-9, String(ratios.high));
  });

  it('keeps what the sensors said, and nothing of those that it has not', () => {
    policy = { ...policy, temperatureCelsius: 50 };
    advance(30);
    policy = { ...policy, temperatureCelsius: 70, allowance: { ...unlimited, rung: 'no-batch' } };
    advance(30);
    const [{ readings, rungs }] = minutes as [Minute];
    const temperature = readings.find(({ name }) => name === 'temperature-celsius')!;
    assert.deepEqual([temperature.low, temperature.high], [50, 70]);
    assert.deepEqual(
      rungs.map(({ rung, seconds }) => [rung, Math.round(seconds)]),
      [
        ['normal', 30],
        ['no-batch', 30],
      ],
    );
    assert.equal(
      readings.find(({ name }) => name === 'thermal-level'),
      undefined,
    );
    assert.deepEqual(activity.sensors(), {
      ...{ temperatureCelsius: 70, thermalLevel: undefined, memoryPressure: undefined, otherLoad: undefined },
    });
  });

  it('gives the begun minute when it closes', () => {
    advance(5);
    activity.calls.add(callFinished());
    activity.close();
    assert.deepEqual([minutes[0]!.beginMs, minutes[0]!.calls[0]!.calls], [beginMs, 1]);
  });
});

describe('spans of readings', () => {
  it('begin anew when they were taken', () => {
    const spans = new Spans();
    spans.add('absent', undefined);
    for (const value of [1, 2, 6]) spans.add('x', value);
    assert.deepEqual(spans.take(), [{ name: 'x', low: 1, mean: 3, high: 6 }]);
    assert.deepEqual(spans.take(), []);
  });
});

describe('recent calls', () => {
  it('add up over the slots', () => {
    const recent = new RecentCalls();
    recent.add(0, callFinished());
    recent.add(5, callFinished({ rows: 4 }));
    assert.deepEqual([recent.calls, recent.sum().rows], [2, 7]);
    recent.clear(0);
    assert.deepEqual([recent.calls, recent.sum().rows], [1, 4]);
    assert.equal(
      recent.sum().latencies.reduce((sum, count) => sum + count),
      1,
    );
  });
});
