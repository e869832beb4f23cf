import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { describe, it } from 'mocha';
import { unlimited, type PolicyReading } from '../../../src/daemon/base/allowance.js';
import { createConfigurationMetrics } from '../../../src/daemon/telemetry/configuration-metrics.js';
import { createHistoryMetrics } from '../../../src/daemon/telemetry/history-metrics.js';
import { createPolicyMetrics } from '../../../src/daemon/telemetry/policy-metrics.js';

const samples = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('policy metrics', () => {
  it('show what can be read', async () => {
    const registry = new Registry();
    const reading: PolicyReading = {
      ...{ thermalLevel: 2, temperatureCelsius: 71.5, memoryPressure: 1, otherLoad: 0.25, calendarEndsSeconds: -5 },
      protectedVenues: ['XNYS'],
      muted: ['load'],
      allowance: { ...unlimited, rung: 'no-batch' },
    };
    const observe = createPolicyMetrics(() => reading, [registry]);
    observe({ kind: 'voice-lost', voice: 'memory', reason: 'no file' });
    observe({ kind: 'allowance-changed', from: 'normal', to: 'no-batch', reasons: [] });
    const found = samples(await registry.metrics());
    for (const line of [
      'acceld_thermal_level 2',
      'acceld_temperature_celsius 71.5',
      'acceld_memory_pressure_level 1',
      'acceld_other_load_ratio 0.25',
      'acceld_market_calendar_ends_seconds -5',
      'acceld_market_protected{venue="XNYS"} 1',
      'acceld_allowance_rung 3',
      'acceld_voice_muted{voice="load"} 1',
      'acceld_voice_muted{voice="market"} 0',
      'acceld_voice_readable{voice="memory"} 0',
      'acceld_voice_readable{voice="thermal"} 1',
      'acceld_allowance_changes_total{to="no-batch"} 1',
    ]) {
      assert.ok(found.includes(line), `${line}\n${found.join('\n')}`);
    }
    observe({ kind: 'voice-found', voice: 'memory' });
    assert.ok(samples(await registry.metrics()).includes('acceld_voice_readable{voice="memory"} 1'));
  });

  it('have no series for what the machine cannot measure, from the first scrape and again later', async () => {
    const registry = new Registry();
    let reading: PolicyReading = { protectedVenues: [], muted: [], allowance: unlimited };
    createPolicyMetrics(() => reading, [registry]);
    const sensors = /^acceld_(thermal|temperature|memory_pressure|other_load|market)/;
    const sensed = async () => samples(await registry.metrics()).filter((line) => sensors.test(line));
    assert.deepEqual(await sensed(), []);
    reading = { ...reading, temperatureCelsius: 40, protectedVenues: ['XLON'] };
    assert.deepEqual(await sensed(), ['acceld_temperature_celsius 40', 'acceld_market_protected{venue="XLON"} 1']);
    reading = { protectedVenues: [], muted: [], allowance: unlimited };
    assert.deepEqual(await sensed(), []);
  });
});

describe('configuration metrics', () => {
  it('follow what became of the settings', async () => {
    const registry = new Registry();
    const observe = createConfigurationMetrics([registry]);
    const found = async () => samples(await registry.metrics());
    observe({ kind: 'configuration-accepted', hash: 'aa', file: undefined });
    assert.deepEqual(await found(), [
      'acceld_configuration_info{hash="aa"} 1',
      'acceld_configuration_last_reload_success 1',
      'acceld_configuration_stale 0',
      'acceld_configuration_refused_total 0',
    ]);
    observe({ kind: 'configuration-refused', problems: ['bad'] });
    assert.ok((await found()).includes('acceld_configuration_last_reload_success 0'));
    assert.ok((await found()).includes('acceld_configuration_info{hash="aa"} 1'));
    observe({ kind: 'configuration-accepted', hash: 'bb', file: undefined });
    assert.deepEqual((await found()).slice(0, 2), [
      'acceld_configuration_info{hash="bb"} 1',
      'acceld_configuration_last_reload_success 1',
    ]);
    observe({ kind: 'configuration-stale', hash: 'cc', problems: ['bad'] });
    assert.ok((await found()).includes('acceld_configuration_stale 1'));
  });
});

describe('history metrics', () => {
  it('have no size of a database that was never opened', async () => {
    const registry = new Registry();
    const size: { bytes: number | undefined } = { bytes: undefined };
    createHistoryMetrics(() => ({ up: false, rowsWritten: 3, rowsDropped: 4, ...size }), [registry]);
    const found = async () => samples(await registry.metrics());
    assert.deepEqual(await found(), [
      'acceld_history_up 0',
      'acceld_history_rows_total 3',
      'acceld_history_dropped_total 4',
    ]);
    size.bytes = 4096;
    assert.ok((await found()).includes('acceld_history_bytes 4096'));
  });
});
