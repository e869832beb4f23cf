import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  BrokenHistory,
  HistoryStore,
  isBroken,
  isFull,
  setAside,
  type StoreSettings,
} from '../../../src/daemon/telemetry/history-store.js';
import { readHistory } from '../../../src/daemon/telemetry/history-read.js';
import { firstMinuteMs, minuteMs, someEvent, someMinute } from '../../support/minutes.js';
import { scratch } from '../../support/start.js';

const dayMs = 86_400_000;
const all = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, kinds: [], stepMinutes: 1, rowsMax: 0 };

describe('history store', () => {
  let folder: ReturnType<typeof scratch>;
  let store: HistoryStore | undefined;
  const open = (change: Partial<StoreSettings> = {}): HistoryStore => {
    store?.close();
    store = undefined;
    const settings = { path: join(folder.path, 'state', 'history.sqlite'), days: 30, bytesMax: 1 << 26, ...change };
    return (store = new HistoryStore(settings));
  };
  const thrownBy = (work: () => void): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return assert.fail('it threw nothing');
  };
  beforeEach(() => {
    folder = scratch();
  });
  afterEach(() => {
    store?.close();
    store = undefined;
    folder.remove();
  });

  it('keeps what it was given, for the next daemon too, and for nobody else’s eyes', () => {
    open().write({ events: [someEvent(firstMinuteMs)], minutes: [someMinute(firstMinuteMs)] });
    const { events, calls, callers, rungs, readings } = readHistory(open(), all);
    assert.deepEqual(events, [{ atMs: firstMinuteMs, kind: 'warning', facts: `{"text":"at ${firstMinuteMs}"}` }]);
    assert.deepEqual([calls[0]!.calls, calls[0]!.deviceSeconds, callers[0]!.caller], [2, 0.05, 'uid:1']);
    assert.deepEqual([rungs[0]!.rung, readings[0]!.high], ['normal', 50]);
    for (const end of ['', '-wal', '-shm']) {
      assert.equal(statSync(join(folder.path, 'state', `history.sqlite${end}`)).mode & 0o777, 0o600, end);
    }
  });

  it('writes a batch whole or not at all', () => {
    const bad = { ...someMinute(firstMinuteMs), callers: [{ name: null as never, calls: 1, deviceNs: 1 }] };
    const error = thrownBy(() => open().write({ events: [someEvent(1)], minutes: [bad] }));
    assert.equal(isFull(error) || isBroken(error), false);
    store!.write({ events: [someEvent(2)], minutes: [] });
    assert.deepEqual(
      readHistory(store!, all).events.map(({ atMs }) => atMs),
      [2],
    );
  });

  it('forgets what is older than its days', () => {
    const nowMs = firstMinuteMs + 40 * dayMs;
    open().write({
      events: [someEvent(firstMinuteMs), someEvent(nowMs)],
      minutes: [someMinute(firstMinuteMs), someMinute(nowMs)],
    });
    store!.prune(nowMs);
    const { events, calls, callers, rungs, readings } = readHistory(store!, all);
    assert.deepEqual(
      [events, calls, callers, rungs, readings].map(({ length }) => length),
      [1, 1, 1, 1, 1],
    );
  });

  it('never grows beyond its size: the oldest go first', () => {
    const bytesMax = 1 << 20;
    open({ bytesMax });
    let written = 0;
    let refusals = 0;
    for (let batch = 0; batch < 200; batch += 1) {
      const minutes = Array.from({ length: 100 }, (_, index) =>
        someMinute(firstMinuteMs + (written + index) * minuteMs),
      );
      try {
        store!.write({ events: [], minutes });
        written += minutes.length;
      } catch (error) {
        assert.ok(isFull(error), String(error));
        refusals += 1;
      }
      store!.prune(firstMinuteMs + written * minuteMs);
      assert.ok(store!.bytes <= bytesMax, String(store!.bytes));
    }
    assert.equal(refusals, 0);
    const { calls } = readHistory(store!, { ...all, rowsMax: 4000 });
    assert.ok(calls.length > 1000, String(calls.length));
    assert.equal(calls.at(-1)!.beginMs, firstMinuteMs + (written - 1) * minuteMs);
    const path = join(folder.path, 'state', 'history.sqlite');
    assert.ok(statSync(path).size <= bytesMax);
    assert.ok(statSync(`${path}-wal`).size <= 3 * bytesMax, 'the log beside it stays small');
  });

  it('says so when a batch finds no room, and takes the next after a look at its size', () => {
    open({ bytesMax: 1 << 20 });
    const events = Array.from({ length: 20_000 }, (_, index) => someEvent(firstMinuteMs + index));
    const error = thrownBy(() => store!.write({ events, minutes: [] }));
    assert.ok(isFull(error), String(error));
    assert.equal(isBroken(error), false);
    store!.write({ events: events.slice(0, 10), minutes: [] });
    assert.equal(readHistory(store!, all).events.length, 10);
  });

  it('refuses a file that is no database, is broken, or is of a newer acceld', () => {
    const path = join(folder.path, 'other.sqlite');
    writeFileSync(path, 'not a database, and long enough to be looked at: '.repeat(100));
    assert.ok(isBroken(thrownBy(() => open({ path }))));
    assert.equal(setAside(path), `${path}.broken`);
    assert.match(readFileSync(`${path}.broken`, 'utf8'), /^not a database/);
    open({ path }).database.exec('PRAGMA user_version = 99');
    assert.ok(thrownBy(() => open({ path })) instanceof BrokenHistory);
  });

  it('finds pages that were overwritten', () => {
    const path = join(folder.path, 'history.sqlite');
    const minutes = Array.from({ length: 500 }, (_, index) => someMinute(firstMinuteMs + index * minuteMs));
    open({ path }).write({ events: [], minutes });
    store!.close();
    store = undefined;
    const bytes = readFileSync(path);
    bytes.fill(0xff, 8192, 8192 + 20_000);
    writeFileSync(path, bytes);
    assert.ok(isBroken(thrownBy(() => open({ path }))));
  });

  it('follows no link that lies in its place', () => {
    const path = join(folder.path, 'history.sqlite');
    symlinkSync(join(folder.path, 'target'), path);
    assert.match(String(thrownBy(() => open({ path }))), /ELOOP/);
    assert.equal(existsSync(join(folder.path, 'target')), false);
  });
});
