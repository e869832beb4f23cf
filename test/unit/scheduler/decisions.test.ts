import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Device as DeviceKind, Precision, Priority } from '../../../src/gen/acceld/v1/execution.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { DeviceFailure, type Device, type FailureKind } from '../../../src/daemon/devices/device.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import { chunkEnd } from '../../../src/daemon/scheduler/chunk.js';
import { Lane } from '../../../src/daemon/scheduler/lane.js';
import { place, placeAgain, type Mishap } from '../../../src/daemon/scheduler/placement.js';
import type { Work } from '../../../src/daemon/scheduler/work.js';

describe('chunk', () => {
  it('cuts a job into equal parts that threads end together', () => {
    const ends = (rows: number, rowNs: number) => chunkEnd(0, { rows, rowNs }, { chunkNs: 1e6, parallel: 2 });
    assert.deepEqual([ends(50, 1000), ends(1280, 1000), ends(2560, 1000), ends(25_600, 100)], [50, 640, 640, 6400]);
  });

  it('makes progress, ends with the job, begins on cache lines and stays near 1 ms', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65_536 }),
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 16 }),
        (rows, rowNs, parallel) => {
          let begin = 0;
          const sizes: number[] = [];
          while (begin < rows) {
            assert.ok(begin % 64 === 0 || sizes[0]! < 64);
            const end = chunkEnd(begin, { rows, rowNs }, { chunkNs: 1e6, parallel });
            assert.ok(end > begin && end <= rows);
            // Rounded up to a cache line.
            assert.ok((end - begin - 64) * rowNs <= 1e6);
            sizes.push(end - begin);
            begin = end;
          }
          assert.ok(
            sizes.every((size, index) => size === sizes[0] || (index === sizes.length - 1 && size < sizes[0]!)),
          );
        },
      ),
    );
  });
});

describe('lane', () => {
  it('orders by deadline, and by arrival within one deadline, also those that come back', () => {
    const time = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.record({ deadlineNs: time, arrivedNs: time })), (works) => {
        const lane = new Lane(Priority.PRIORITY_ORDER, false);
        for (const work of works) lane.push(work as Work);
        const taken: Work[] = [];
        for (let work = lane.first(() => true); work; work = lane.first(() => true)) {
          taken.push(work);
          lane.remove(work);
        }
        const sorted = [...taken].sort((a, b) => a.deadlineNs - b.deadlineNs || a.arrivedNs - b.arrivedNs);
        assert.deepEqual(taken, sorted);
        assert.equal(taken.length, works.length);
      }),
    );
  });
});

describe('placement', () => {
  const up = { up: true, reason: '' };
  const device = (kind: DeviceKind, kernels: string[], state = up): Device =>
    ({ info: { kind, kernels: kernels.map((name) => ({ name, digest: '' })) }, state }) as unknown as Device;
  const cpu = device(DeviceKind.DEVICE_CPU, ['k']);
  const gpu = device(DeviceKind.DEVICE_GPU, ['k']);
  const dead = device(DeviceKind.DEVICE_GPU, ['k'], { up: false, reason: 'its worker restarts' });
  const plan = (wanted: DeviceKind, fallbackAllowed: boolean): Plan =>
    ({ kernel: 'k', execution: { device: wanted, fallbackAllowed, precision: Precision.PRECISION_F32 } }) as Plan;
  const refusal = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
  const { DEVICE_AUTO, DEVICE_CPU, DEVICE_GPU, DEVICE_NEURAL_ENGINE } = DeviceKind;
  const equal = (): number => 1;

  it('takes the device that was asked for', () => {
    assert.deepEqual(place(plan(DEVICE_CPU, false), [cpu, gpu], equal), { device: cpu, fallback: undefined });
    assert.deepEqual(place(plan(DEVICE_GPU, false), [cpu, gpu], equal), { device: gpu, fallback: undefined });
  });

  it('takes for AUTO the one predicted to finish first, of those that are up and able', () => {
    const gpuFirst = (known: Device) => (known === cpu ? 2 : 1);
    assert.equal(place(plan(DEVICE_AUTO, false), [cpu, gpu], gpuFirst).device, gpu);
    assert.equal(place(plan(DEVICE_AUTO, false), [cpu, gpu], equal).device, cpu);
    assert.equal(place(plan(DEVICE_AUTO, false), [cpu, dead], gpuFirst).device, cpu);
    assert.equal(place(plan(DEVICE_AUTO, false), [cpu, device(DEVICE_GPU, [])], gpuFirst).device, cpu);
  });

  it('falls back with the reason, or refuses where fallback is forbidden', () => {
    const { device: taken, fallback } = place(plan(DEVICE_GPU, true), [cpu], equal);
    assert.equal(taken, cpu);
    assert.deepEqual(fallback, { from: DEVICE_GPU, reason: 'this machine has no GPU that acceld can use' });
    assert.match(place(plan(DEVICE_GPU, true), [cpu, device(DEVICE_GPU, [])], equal).fallback!.reason, /no kernel k/);
    assert.match(
      place(plan(DEVICE_GPU, true), [cpu, dead], equal).fallback!.reason,
      /GPU is down: its worker restarts/,
    );
    assert.throws(() => place(plan(DEVICE_GPU, false), [cpu], equal), refusal('DEVICE_ABSENT'));
    assert.throws(() => place(plan(DEVICE_NEURAL_ENGINE, false), [cpu], equal), refusal('DEVICE_ABSENT'));
    assert.throws(() => place(plan(DEVICE_GPU, false), [cpu, dead], equal), refusal('DEVICE_UNAVAILABLE'));
  });

  const mishap = (kind: FailureKind, change: Partial<Mishap> = {}): Mishap => ({
    device: gpu,
    failure: new DeviceFailure(kind, 'worker killed'),
    deaths: kind === 'died' ? 1 : 0,
    losses: kind === 'lost' ? 1 : 0,
    ...change,
  });

  it('gives a job that only waited back to the device, a few times', () => {
    for (const allowed of [true, false]) {
      assert.equal(placeAgain(plan(DEVICE_GPU, allowed), mishap('lost'), cpu).device, gpu);
    }
    assert.equal(placeAgain(plan(DEVICE_GPU, true), mishap('lost', { losses: 3 }), cpu).device, cpu);
    assert.equal(placeAgain(plan(DEVICE_GPU, true), mishap('lost', { device: dead }), cpu).device, cpu);
    const again = () => placeAgain(plan(DEVICE_GPU, false), mishap('lost', { device: dead }), cpu);
    assert.throws(again, refusal('DEVICE_UNAVAILABLE'));
  });

  it('finishes on the floor what was executing, with the reason', () => {
    const placement = placeAgain(plan(DEVICE_AUTO, true), mishap('died'), cpu);
    assert.deepEqual(placement, {
      device: cpu,
      fallback: { from: DEVICE_GPU, reason: 'the GPU failed: worker killed' },
    });
    assert.equal(placeAgain(plan(DEVICE_GPU, true), mishap('refused'), cpu).device, cpu);
  });

  it('tries once more where fallback is forbidden, and then quarantines the job', () => {
    assert.equal(placeAgain(plan(DEVICE_GPU, false), mishap('died'), cpu).device, gpu);
    const down = () => placeAgain(plan(DEVICE_GPU, false), mishap('died', { device: dead }), cpu);
    assert.throws(down, refusal('DEVICE_UNAVAILABLE'));
    const twice = () => placeAgain(plan(DEVICE_GPU, false), mishap('died', { deaths: 2 }), cpu);
    assert.throws(twice, refusal('JOB_QUARANTINED'));
    assert.throws(() => placeAgain(plan(DEVICE_GPU, false), mishap('refused'), cpu), refusal('DEVICE_UNAVAILABLE'));
  });
});
