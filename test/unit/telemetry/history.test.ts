import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Event } from '../../../src/daemon/base/events.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { History } from '../../../src/daemon/telemetry/history.js';
import { Telemetry } from '../../../src/daemon/telemetry/telemetry.js';
import { callFinished } from '../../support/call-finished.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { firstMinuteMs, minuteMs, someMinute } from '../../support/minutes.js';
import { scratch } from '../../support/start.js';

const all = { sinceMs: 0, untilMs: 0, kinds: [], stepMinutes: 0, rowsMax: 4000 };
const absent = (error: unknown): boolean => error instanceof Fault && error.code === 'HISTORY_ABSENT';

describe('history of the daemon', function () {
  this.timeout(30_000);
  let folder: ReturnType<typeof scratch>;
  let path: string;
  let clock: FakeClock;
  let warnings: string[];
  let history: History;
  const open = (): History =>
    new History({
      settings: { path, days: 30, bytesMax: 1 << 24 },
      clock,
      thread: new URL('../../../dist/daemon/telemetry/history-worker.js', import.meta.url),
      announce: (event: Event) => void (event.kind === 'warning' && warnings.push(event.text)),
    });
  const step = (): void => {
    clock.advanceMs(1000);
    history.step();
  };
  const stepUntil = (check: () => void): Promise<void> =>
    eventually(() => {
      step();
      check();
    }, 15_000);
  beforeEach(() => {
    folder = scratch();
    path = join(folder.path, 'state', 'history.sqlite');
    clock = new FakeClock();
    warnings = [];
    history = open();
  });
  afterEach(async () => {
    await history.close();
    folder.remove();
  });

  it('writes what happened before and after its thread began, and reads it again', async () => {
    history.observe({ kind: 'stopping', reason: 'x' });
    assert.equal(existsSync(path), false, 'no thread before the first step');
    await assert.rejects(history.read(all), absent);
    step();
    history.add(someMinute(firstMinuteMs));
    await stepUntil(() => assert.equal(history.reading!.rowsWritten, 2));
    const { events, calls } = await history.read(all);
    assert.deepEqual([events[0]!.kind, calls[0]!.calls], ['stopping', 2]);
    assert.ok(history.reading!.bytes! > 0);
  });

  it('writes what it holds when it closes', async () => {
    step();
    await stepUntil(() => assert.ok(history.reading!.up));
    for (let second = 0; second < 5; second += 1) {
      history.observe({ kind: 'stopping', reason: `number ${second}` });
      if (second === 2) step();
    }
    await history.close();
    history = open();
    step();
    const { events } = await history.read(all);
    assert.equal(events.length, 5);
  });

  it('goes on without a disk, says so once, and writes what waited when the disk is back', async () => {
    mkdirSync(join(folder.path, 'state'));
    // A folder in the way of the file: the thread cannot open it.
    mkdirSync(path);
    history.observe({ kind: 'stopping', reason: 'x' });
    await stepUntil(() => assert.equal(history.reading!.up, false));
    for (let second = 0; second < 5; second += 1) step();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /the history cannot be written: .*everything else goes on/);
    rmSync(path, { recursive: true });
    await stepUntil(() => assert.equal(history.reading!.up, true));
    assert.equal(history.reading!.rowsWritten, 1);
    assert.match(warnings[1]!, /written again/);
  });

  it('drops the oldest of what waits too long, and counts it', () => {
    // The thread has the first twenty and cannot answer before this test waits.
    for (let second = 0; second < 600; second += 1) {
      for (let each = 0; each < 20; each += 1) history.observe({ kind: 'warning', text: `${second}` });
      step();
    }
    assert.equal(history.reading!.rowsDropped, 600 * 20 - 20 - 10_000);
    for (let minute = 0; minute < 70; minute += 1) history.add(someMinute(firstMinuteMs + minute * minuteMs));
    assert.equal(history.reading!.rowsDropped, 600 * 20 - 20 - 10_000 + 10);
  });

  it('lets no flood of one kind push out the others', () => {
    for (let each = 0; each < 1000; each += 1) history.observe({ kind: 'connection-refused', reason: 'r' });
    history.observe({ kind: 'stopping', reason: 'x' });
    assert.equal(history.reading!.rowsDropped, 980);
  });

  it('goes on in another file, or nowhere, and drops nothing that it has', async () => {
    const other = join(folder.path, 'other.sqlite');
    step();
    history.observe({ kind: 'stopping', reason: 'old' });
    history.reconfigure({ path: other, days: 30, bytesMax: 1 << 24 });
    history.observe({ kind: 'stopping', reason: 'new' });
    const reasons = async () => (await history.read(all)).events.map(({ facts }) => facts);
    await eventually(async () => assert.deepEqual(await reasons(), ['{"reason":"new"}']));
    history.observe({ kind: 'stopping', reason: 'last' });
    history.reconfigure(undefined);
    history.observe({ kind: 'stopping', reason: 'nobody keeps this' });
    await assert.rejects(history.read(all), /history.enabled is false/);
    assert.equal(history.reading, undefined);
    history.reconfigure({ path, days: 30, bytesMax: 1 << 24 });
    step();
    assert.deepEqual(await reasons(), ['{"reason":"old"}']);
    history.reconfigure({ path: other, days: 30, bytesMax: 1 << 24 });
    assert.deepEqual(await reasons(), ['{"reason":"new"}', '{"reason":"last"}']);
    assert.deepEqual([history.reading!.rowsWritten, history.reading!.rowsDropped], [3, 0]);
    assert.deepEqual(warnings, []);
  });

  it('sets a broken file aside and begins a new one', async () => {
    mkdirSync(join(folder.path, 'state'));
    writeFileSync(path, 'no database at all. '.repeat(500));
    history.observe({ kind: 'stopping', reason: 'x' });
    await stepUntil(() => assert.equal(history.reading!.rowsWritten, 1));
    assert.match(warnings[0]!, /the history was broken \(.*\); it is now .*\.broken, and a new one begins/);
    assert.match(readFileSync(`${path}.broken`, 'utf8'), /^no database/);
  });
});

describe('telemetry', () => {
  const options = {
    ...{ version: '1', runtimeIsSupported: true, lanes: () => [], devices: () => [], policy: undefined },
    memory: () => ({ budgetBytes: 0, usedBytes: {}, holdings: [], regions: 0, pools: [] }),
    announce: () => undefined,
  };

  it('counts a call once for metrics and once for the status', async () => {
    const telemetry = new Telemetry({ ...options, clock: new FakeClock(), history: undefined });
    telemetry.observe(callFinished());
    telemetry.begin();
    assert.match(await telemetry.metrics.text(), /acceld_call_seconds_count\{.*\} 1\n/);
    assert.equal(telemetry.lately.operations[0]!.calls, 1);
    assert.equal(telemetry.lately.callers[0]!.calls, 1);
    assert.deepEqual(telemetry.lately.busy(1), { busySeconds: 0, busyRatio: 0 });
    await telemetry.close();
  });

  it('has neither series nor answers of a history that is switched off', async () => {
    const telemetry = new Telemetry({ ...options, clock: new FakeClock(), history: undefined });
    assert.doesNotMatch(await telemetry.metrics.text(), /^acceld_history/m);
    await assert.rejects(telemetry.readHistory(all), absent);
    await telemetry.close();
  });
});
