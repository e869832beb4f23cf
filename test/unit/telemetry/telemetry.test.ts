import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'mocha';
import type { Event } from '../../../src/daemon/base/events.js';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import { Log } from '../../../src/daemon/telemetry/log.js';
import { CallTable } from '../../../src/daemon/telemetry/call-series.js';
import { createMetrics, type Readings } from '../../../src/daemon/telemetry/metrics.js';
import { callFinished } from '../../support/call-finished.js';

const memory = () => ({ budgetBytes: 0, usedBytes: {}, holdings: [], regions: 0, pools: [] });

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
    const quick = Array.from({ length: 30 }, () => callFinished());
    assert.equal(logged(quick).length, 3);
    assert.equal(logged([callFinished({ outcome: 'QUEUE_FULL', message: 'full' })])[0]!['msg'], 'call failed: full');
    assert.equal(logged([callFinished({ totalNs: 1e9 })])[0]!['msg'], 'slow call');
  });

  it('names request, caller and operation in each call’s line', () => {
    const [line] = logged([callFinished({ outcome: 'INTERNAL', message: 'x' })]);
    assert.deepEqual(
      [line!['requestId'], line!['caller'], line!['operation'], line!['level']],
      ['r', 'uid:1', 'an-operation', 50],
    );
    assert.deepEqual([line!['priority'], line!['device'], line!['totalUs']], ['PRIORITY_ORDER', 'DEVICE_CPU', 3000]);
  });

  it('logs a bug with its cause and without secrets', () => {
    const error = Object.assign(new Error('broken'), { token: 'acceld_secret' });
    const text = JSON.stringify(logged([{ kind: 'bug', where: 'here', requestId: 'r', error }]));
    assert.match(text, /broken/);
    assert.doesNotMatch(text, /acceld_secret/);
  });
});

describe('metrics', () => {
  const readings = (change: Partial<Readings> = {}): Readings => ({
    ...{ version: '1', runtimeIsSupported: false, startSeconds: 1_800_000_000 },
    ...{ lanes: () => [], devices: () => [], memory, busyRatio: () => 0 },
    ...{ calls: new CallTable(), policy: undefined, history: () => undefined },
    ...change,
  });

  it('counts calls by operation, device, priority and outcome', async () => {
    const calls = new CallTable();
    const metrics = createMetrics(readings({ calls }));
    calls.add(callFinished());
    calls.add(callFinished({ outcome: 'INVALID_INPUT' }));
    const text = await metrics.text();
    const forOperators = await metrics.textForOperators();
    metrics.close();
    const labels = 'operation="an-operation",device="cpu",priority="order",outcome="OK"';
    assert.ok(text.includes(`acceld_call_seconds_count{${labels}} 1`), text);
    assert.ok(text.includes(`acceld_rows_total{${labels}} 3`));
    assert.ok(text.includes(`acceld_call_seconds_count{${labels.replace('OK', 'INVALID_INPUT')}} 1`));
    assert.ok(text.includes('acceld_runtime_supported 0'));
    assert.ok(!text.includes('uid:1'), 'the scrape needs no right, so it names no caller');
    assert.ok(forOperators.includes('acceld_caller_calls_total{caller="uid:1"} 2'));
    assert.ok(forOperators.includes('acceld_runtime_supported 0'));
  });

  it('follows connections and measures the event loop and its pauses', async () => {
    const lanes = () => [{ priority: Priority.PRIORITY_BATCH, queued: 2, running: 1 }];
    const metrics = createMetrics(readings({ lanes }));
    metrics.observe({ kind: 'connection-opened', caller: 'a', pid: 1 });
    metrics.observe({ kind: 'connection-opened', caller: 'a', pid: 1 });
    metrics.observe({ kind: 'connection-closed', caller: 'a' });
    const text = await metrics.text();
    metrics.close();
    assert.ok(text.includes('acceld_connections 1'));
    assert.ok(text.includes('acceld_lane_jobs{priority="batch",state="queued"} 2'));
    assert.match(text, /acceld_event_loop_lag_seconds\{percentile="99"\} [\d.e-]+/);
    assert.match(text, /# TYPE acceld_gc_pause_seconds histogram/);
  });
});
