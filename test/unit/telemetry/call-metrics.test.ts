import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { describe, it } from 'mocha';
import { createCallerMetrics, registerCallMetrics } from '../../../src/daemon/telemetry/call-metrics.js';
import { CallTable } from '../../../src/daemon/telemetry/call-series.js';
import { callFinished } from '../../support/call-finished.js';

const labels = 'operation="an-operation",device="cpu",priority="order"';

describe('call metrics', () => {
  it('adds up what succeeded, and the bytes and time of what did not', async () => {
    const registry = new Registry();
    const table = new CallTable();
    registerCallMetrics(table, registry);
    table.add(callFinished({ computeNs: 2e9 }));
    table.add(callFinished({ computeNs: 2e9 }));
    table.add(callFinished({ outcome: 'QUEUE_FULL' }));
    const text = await registry.metrics();
    for (const line of [
      `acceld_rows_total{${labels},outcome="OK"} 6`,
      `acceld_request_bytes_total{${labels},outcome="QUEUE_FULL"} 10`,
      `acceld_bytes_shared_total{${labels},outcome="OK"} 14`,
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

  it('names callers in a registry of its own', async () => {
    const table = new CallTable();
    const registry = createCallerMetrics(table);
    table.add(callFinished({ computeNs: 2e9 }));
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await registry.metrics();
      assert.ok(text.includes('acceld_caller_device_seconds_total{caller="uid:1"} 2'), text);
      assert.ok(text.includes('acceld_caller_calls_total{caller="uid:1"} 1'), text);
    }
  });
});
