import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { describe, it } from 'mocha';
import { Device, Priority } from '../../../src/gen/acceld/v1/execution.js';
import type { CallFinished } from '../../../src/daemon/base/events.js';
import { createCallMetrics, shortName } from '../../../src/daemon/telemetry/call-metrics.js';

const call: CallFinished = {
  kind: 'call-finished',
  requestId: '',
  caller: '',
  operation: 'operation',
  priority: Priority.PRIORITY_BATCH,
  device: Device.DEVICE_CPU,
  outcome: 'OK',
  message: '',
  rows: 3,
  requestBytes: 10,
  responseBytes: 20,
  copiedBytes: 0,
  sharedBytes: 0,
  queueNs: 1e3,
  computeNs: 2e9,
  totalNs: 3e9,
};
const labels = 'operation="operation",device="cpu",priority="batch"';

describe('call metrics', () => {
  it('adds up what succeeded, and the bytes and time of what did not', async () => {
    const registry = new Registry();
    const observe = createCallMetrics(registry);
    observe(call);
    observe(call);
    observe({ ...call, outcome: 'QUEUE_FULL' });
    const text = await registry.metrics();
    for (const line of [
      `acceld_rows_total{${labels},outcome="OK"} 6`,
      `acceld_request_bytes_total{${labels},outcome="QUEUE_FULL"} 10`,
      `acceld_device_seconds_total{${labels},outcome="OK"} 4`,
      `acceld_call_seconds_count{${labels},outcome="QUEUE_FULL"} 1`,
      `acceld_queue_seconds_count{${labels},outcome="OK"} 2`,
      `acceld_queue_seconds_count{${labels},outcome="QUEUE_FULL"} 0`,
    ]) {
      assert.ok(text.includes(line), `${line}\n${text}`);
    }
    const again = await registry.metrics();
    assert.ok(again.includes(`acceld_rows_total{${labels},outcome="OK"} 6`), 'a scrape must not count twice');
  });

  it('shortens the names of codes', () => {
    assert.deepEqual([shortName('DEVICE_CPU'), shortName(undefined)], ['cpu', 'unknown']);
  });
});
