import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Device as DeviceKind, Precision, Priority } from '../../../src/gen/acceld/v1/execution.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import type { Device } from '../../../src/daemon/devices/device.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import { chunkEnd } from '../../../src/daemon/scheduler/chunk.js';
import { Lane } from '../../../src/daemon/scheduler/lane.js';
import { place } from '../../../src/daemon/scheduler/placement.js';
import type { Work } from '../../../src/daemon/scheduler/work.js';

describe('chunk', () => {
  it('makes progress, ends with the job, begins on cache lines and stays near 1 ms', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65_536 }),
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        (rows, rowNs) => {
          let begin = 0;
          while (begin < rows) {
            assert.ok(begin % 64 === 0 || rowNs > 1e6 / 64);
            const end = chunkEnd(begin, rows, rowNs);
            assert.ok(end > begin && end <= rows);
            assert.ok((end - begin) * rowNs <= 1.5e6 || end - begin <= 96);
            begin = end;
          }
        },
      ),
    );
  });
});

describe('lane', () => {
  it('orders by deadline, and by arrival within one deadline', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (deadlines) => {
        const lane = new Lane(Priority.PRIORITY_ORDER, false);
        deadlines.forEach((deadlineNs, arrival) => lane.push({ deadlineNs, arrivedNs: arrival } as Work));
        const taken: Work[] = [];
        for (let work = lane.head; work; work = lane.head) {
          taken.push(work);
          lane.remove(work);
        }
        const sorted = [...taken].sort((a, b) => a.deadlineNs - b.deadlineNs || a.arrivedNs - b.arrivedNs);
        assert.deepEqual(taken, sorted);
        assert.equal(taken.length, deadlines.length);
      }),
    );
  });
});

describe('placement', () => {
  const cpu = { info: { kind: DeviceKind.DEVICE_CPU, kernels: [{ name: 'k', digest: '' }] } } as unknown as Device;
  const gpu = { info: { kind: DeviceKind.DEVICE_GPU, kernels: [] } } as unknown as Device;
  const plan = (device: DeviceKind, fallbackAllowed: boolean): Plan =>
    ({ kernel: 'k', execution: { device, fallbackAllowed, precision: Precision.PRECISION_F64 } }) as Plan;

  it('takes the device that was asked for', () => {
    assert.deepEqual(place(plan(DeviceKind.DEVICE_AUTO, false), [cpu]), { device: cpu, fallback: undefined });
    assert.deepEqual(place(plan(DeviceKind.DEVICE_CPU, false), [cpu]), { device: cpu, fallback: undefined });
  });

  it('falls back with the reason, or refuses where fallback is forbidden', () => {
    const { device, fallback } = place(plan(DeviceKind.DEVICE_GPU, true), [cpu]);
    assert.equal(device, cpu);
    assert.deepEqual(fallback, { from: DeviceKind.DEVICE_GPU, reason: 'this machine has no GPU that acceld can use' });
    assert.match(place(plan(DeviceKind.DEVICE_GPU, true), [cpu, gpu]).fallback!.reason, /no kernel k/);
    const refused = (error: unknown) => error instanceof Fault && error.code === 'DEVICE_ABSENT';
    assert.throws(() => place(plan(DeviceKind.DEVICE_GPU, false), [cpu]), refused);
    assert.throws(() => place(plan(DeviceKind.DEVICE_NEURAL_ENGINE, false), [cpu]), refused);
  });
});
