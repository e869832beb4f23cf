import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'mocha';
import type { CallFinished, Event } from '../../../src/daemon/base/events.js';
import { Device, Priority } from '../../../src/gen/acceld/v1/execution.js';
import { Log } from '../../../src/daemon/telemetry/log.js';
import { createMetrics } from '../../../src/daemon/telemetry/metrics.js';

const call = (change: Partial<CallFinished> = {}): CallFinished => ({
  kind: 'call-finished',
  requestId: 'r',
  caller: 'uid:1',
  operation: 'an-operation',
  priority: Priority.PRIORITY_ORDER,
  device: Device.DEVICE_CPU,
  outcome: 'OK',
  message: '',
  rows: 3,
  requestBytes: 10,
  responseBytes: 20,
  copiedBytes: 5,
  sharedBytes: 7,
  queueNs: 1000,
  computeNs: 2000,
  totalNs: 3000,
  ...change,
});

const memory = () => ({ budgetBytes: 0, usedBytes: {}, regions: 0 });

function logged(events: readonly Event[], sampleOneIn = 10): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      lines.push(JSON.parse(piece.toString()) as Record<string, unknown>);
      done();
    },
  });
  const log = new Log({ level: 'info', sampleOneIn }, sink);
  for (const event of events) log.write(event);
  return lines;
}

describe('log', () => {
  it('keeps one quick success of ten, every failure and every slow call', () => {
    const quick = Array.from({ length: 30 }, () => call());
    assert.equal(logged(quick).length, 3);
    assert.equal(logged([call({ outcome: 'QUEUE_FULL', message: 'full' })])[0]!['msg'], 'call failed: full');
    assert.equal(logged([call({ totalNs: 1e9 })])[0]!['msg'], 'slow call');
  });

  it('names request, caller and operation in each call’s line', () => {
    const [line] = logged([call({ outcome: 'INTERNAL', message: 'x' })]);
    assert.deepEqual(
      [line!['requestId'], line!['caller'], line!['operation'], line!['level']],
      ['r', 'uid:1', 'an-operation', 50],
    );
    assert.deepEqual([line!['priority'], line!['device'], line!['totalUs']], ['PRIORITY_ORDER', 'DEVICE_CPU', 3]);
  });

  it('logs a bug with its cause and without secrets', () => {
    const error = Object.assign(new Error('broken'), { token: 'acceld_secret' });
    const text = JSON.stringify(logged([{ kind: 'bug', where: 'here', requestId: 'r', error }]));
    assert.match(text, /broken/);
    assert.doesNotMatch(text, /acceld_secret/);
  });
});

describe('metrics', () => {
  it('counts calls by operation, device, priority and outcome', async () => {
    const metrics = createMetrics({
      version: '1',
      lanes: () => [],
      devices: () => [],
      memory,
      runtimeIsSupported: false,
    });
    metrics.observe(call());
    metrics.observe(call({ outcome: 'INVALID_INPUT' }));
    const text = await metrics.text();
    metrics.close();
    const labels = 'operation="an-operation",device="cpu",priority="order",outcome="OK"';
    assert.ok(text.includes(`acceld_call_seconds_count{${labels}} 1`), text);
    assert.ok(text.includes(`acceld_rows_total{${labels}} 3`));
    assert.ok(text.includes(`acceld_call_seconds_count{${labels.replace('OK', 'INVALID_INPUT')}} 1`));
    assert.ok(text.includes('acceld_runtime_supported 0'));
    assert.ok(!text.includes('uid:1'), 'the scrape needs no right, so it names no caller');
  });

  it('follows connections and measures the event loop and its pauses', async () => {
    const lanes = () => [{ priority: Priority.PRIORITY_BATCH, queued: 2, running: 1 }];
    const metrics = createMetrics({ version: '1', lanes, devices: () => [], memory, runtimeIsSupported: true });
    metrics.observe({ kind: 'connection-opened', caller: 'a', pid: 1 });
    metrics.observe({ kind: 'connection-opened', caller: 'a', pid: 1 });
    metrics.observe({ kind: 'connection-closed', caller: 'a' });
    const text = await metrics.text();
    metrics.close();
    assert.ok(text.includes('acceld_connections 1'));
    assert.ok(text.includes('acceld_lane_jobs{priority="batch",state="queued"} 2'));
    assert.match(text, /acceld_event_loop_lag_seconds\{quantile="0.99"\} [\d.e-]+/);
    assert.match(text, /# TYPE acceld_gc_pause_seconds histogram/);
  });
});
