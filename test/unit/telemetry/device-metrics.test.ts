import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { describe, it } from 'mocha';
import { Device } from '../../../src/gen/acceld/v1/execution.js';
import { createDeviceMetrics } from '../../../src/daemon/telemetry/device-metrics.js';

const cpu = { kind: Device.DEVICE_CPU, up: true, workers: undefined, memory: undefined, busyNs: 3e9, parallel: 2 };
const gpu = {
  kind: Device.DEVICE_GPU,
  up: false,
  workers: 2,
  memory: { bytes: 100, usedBytes: 30, heldBytes: 80, fragmentation: 0.25 },
  busyNs: 0,
  parallel: 1,
};

describe('device metrics', () => {
  it('tells what each device is now, and nothing that it has not', async () => {
    const registry = new Registry();
    createDeviceMetrics({ devices: () => [cpu, gpu], busyRatio: ({ parallel }) => 0.5 / parallel }, [registry]);
    const text = await registry.metrics();
    for (const line of [
      'acceld_device_up{device="cpu"} 1',
      'acceld_device_up{device="gpu"} 0',
      'acceld_device_workers{device="gpu"} 2',
      'acceld_device_memory_bytes{device="gpu",state="used"} 30',
      'acceld_device_memory_bytes{device="gpu",state="free"} 50',
      'acceld_device_memory_bytes{device="gpu",state="returned"} 20',
      'acceld_device_memory_fragmentation{device="gpu"} 0.25',
      'acceld_device_busy_seconds_total{device="cpu"} 3',
      'acceld_device_busy_ratio{device="cpu"} 0.25',
      'acceld_device_busy_ratio{device="gpu"} 0.5',
    ]) {
      assert.ok(text.includes(line), line);
    }
    assert.doesNotMatch(text, /workers\{device="cpu"\}/);
  });

  it('counts workers, the jobs they left, quarantines and second looks', async () => {
    const registry = new Registry();
    const observe = createDeviceMetrics({ devices: () => [], busyRatio: () => 0 }, [registry]);
    const device = Device.DEVICE_GPU;
    observe({ kind: 'worker-started', device: 'gpu', pid: 1, startMs: 5 });
    observe({ kind: 'worker-died', device: 'gpu', pid: 1, cause: 'killed', accused: 2, lost: 3 });
    observe({ kind: 'kernel-quarantined', device, kernel: 'k', reason: 'lies' });
    observe({ kind: 'result-checked', device, kernel: 'k', isSame: false });
    const text = await registry.metrics();
    for (const line of [
      'acceld_worker_starts_total{device="gpu"} 1',
      'acceld_worker_deaths_total{device="gpu"} 1',
      'acceld_worker_jobs_moved_total{device="gpu",role="accused"} 2',
      'acceld_worker_jobs_moved_total{device="gpu",role="lost"} 3',
      'acceld_kernel_quarantines_total{device="gpu",kernel="k"} 1',
      'acceld_results_checked_total{device="gpu",kernel="k",outcome="different"} 1',
    ]) {
      assert.ok(text.includes(line), line);
    }
  });
});
