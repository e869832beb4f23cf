import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { HistoryStore } from '../../../src/daemon/telemetry/history-store.js';
import { readHistory } from '../../../src/daemon/telemetry/history-read.js';
import type { ReadHistoryRequest } from '../../../src/gen/acceld/v1/admin_service.js';
import { firstMinuteMs, minuteMs, someEvent, someMinute } from '../../support/minutes.js';
import { scratch } from '../../support/start.js';

const minutes = 120;

describe('history', () => {
  const folder = scratch();
  let store: HistoryStore;
  const read = (request: Partial<ReadHistoryRequest>) =>
    readHistory(store, {
      ...{ sinceMs: firstMinuteMs, untilMs: firstMinuteMs + minutes * minuteMs, kinds: [], stepMinutes: 0, rowsMax: 0 },
      ...request,
    });
  before(() => {
    store = new HistoryStore({ path: join(folder.path, 'h.sqlite'), days: 30, bytesMax: 1 << 26 });
    const begins = Array.from({ length: minutes }, (_, index) => firstMinuteMs + index * minuteMs);
    store.write({
      events: begins.map((atMs, index) => someEvent(atMs, index % 10 === 0 ? 'stopped' : 'warning')),
      minutes: begins.map((beginMs) => someMinute(beginMs)),
    });
    store.write({ events: [], minutes: [someMinute(firstMinuteMs, { outcome: 'QUEUE_FULL', calls: 1 })] });
  });
  after(() => {
    store.close();
    folder.remove();
  });

  it('becomes one row of each kind for the whole time', () => {
    const { calls, callers, rungs, readings, truncated } = read({});
    assert.deepEqual(
      calls.map(({ outcome, calls: count }) => [outcome, count]),
      [
        ['OK', 2 * minutes],
        ['QUEUE_FULL', 1],
      ],
    );
    const [{ p50Seconds, p99Seconds, totalSeconds, rows }] = calls as [(typeof calls)[number]];
    assert.ok(
      Math.abs(p50Seconds - 0.001) < 0.0001 && Math.abs(p99Seconds - 0.1) < 0.01,
      `${p50Seconds} ${p99Seconds}`,
    );
    assert.ok(Math.abs(totalSeconds - 0.101 * minutes) < 1e-9);
    assert.deepEqual(
      [rows, callers[0]!.calls, rungs[0]!.seconds],
      [10 * minutes, 2 * (minutes + 1), 60 * (minutes + 1)],
    );
    assert.deepEqual([readings[0]!.low, Math.round(readings[0]!.mean), readings[0]!.high], [40, 45, 50]);
    assert.equal(truncated, false);
  });

  it('is cut into steps', () => {
    const { callers } = read({ stepMinutes: 30 });
    assert.deepEqual(
      callers.map(({ beginMs, calls }) => [(beginMs - firstMinuteMs) / minuteMs, calls]),
      [
        [0, 62],
        [30, 60],
        [60, 60],
        [90, 60],
      ],
    );
  });

  it('gives the newest events of the wanted kinds', () => {
    const { events, truncated } = read({ kinds: ['stopped'], rowsMax: 3 });
    assert.deepEqual(
      events.map(({ atMs }) => (atMs - firstMinuteMs) / minuteMs),
      [90, 100, 110],
    );
    assert.equal(truncated, true);
    assert.deepEqual(read({ kinds: ["x'; DROP TABLE events; --"] }).events, []);
    assert.equal(read({}).events.length, minutes);
  });

  it('has its ends', () => {
    const { events, calls } = read({
      sinceMs: firstMinuteMs + 30_000,
      untilMs: firstMinuteMs + 90_000,
      stepMinutes: 1,
    });
    assert.equal(events.length, 1);
    // The minute that had begun counts.
    assert.equal(calls.filter(({ outcome }) => outcome === 'OK').length, 2);
  });
});
