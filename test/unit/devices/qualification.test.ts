import assert from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { Device as DeviceKind } from '../../../src/gen/acceld/v1/execution.js';
import type { Event } from '../../../src/daemon/base/events.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import { DeviceFailure, type DeviceInfo } from '../../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { compute, haveSameBits, Qualification, type Candidate } from '../../../src/daemon/devices/qualification.js';
import { goldenPlans } from '../../../src/daemon/operations/index.js';

const floor = new CpuDevice(loadHostAddon(), { threads: 2 });
const golden = goldenPlans();

/** A device that computes on the CPU, and spoils the results of some kernels. */
function candidate(spoils: (kernel: string) => boolean, change: Partial<DeviceInfo> = {}): Candidate {
  return {
    info: { ...floor.info, kind: DeviceKind.DEVICE_GPU, engine: 'test', ...change },
    run: async (plan) => {
      const { outputs } = await compute(floor, plan);
      if (!spoils(plan.kernel)) return { outputs };
      const spoilt = outputs.map((column) => column && Uint8Array.from(column));
      // The last bit of one number.
      spoilt[0]![8] = spoilt[0]![8]! ^ 1;
      return { outputs: spoilt };
    },
  };
}

function open() {
  const events: Event[] = [];
  return {
    qualification: new Qualification({ floor, golden: () => golden, announce: (event) => events.push(event) }),
    events,
  };
}

describe('qualification', () => {
  after(() => floor.close());

  it('has golden jobs for every kernel, with results that differ from row to row', async () => {
    for (const { name } of floor.info.kernels)
      assert.ok(
        golden.some(({ kernel }) => kernel === name),
        name,
      );
    for (const plan of golden) {
      const [first] = (await compute(floor, plan)).outputs;
      assert.ok(new Set(first).size > 4, plan.kernel);
    }
  });

  it('trusts what gives the same bits, and quarantines what does not', async () => {
    const { qualification, events } = open();
    const bad = candidate((kernel) => kernel === 'simulate-f32');
    const names = floor.info.kernels.map(({ name }) => name);
    assert.deepEqual(
      await qualification.judge(bad),
      names.filter((name) => name !== 'simulate-f32'),
    );
    assert.match(qualification.reason(bad.info, 'simulate-f32')!, /bits of the CPU/);
    assert.deepEqual(
      qualification.quarantines(bad.info).map(({ kernel }) => kernel),
      ['simulate-f32'],
    );
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['kernel-quarantined'],
    );
  });

  it('keeps a quarantine for the next worker, and not for another driver', async () => {
    const { qualification } = open();
    await qualification.judge(candidate((kernel) => kernel === 'price-options-f32'));
    const again = await qualification.judge(candidate(() => false));
    assert.ok(!again.includes('price-options-f32'));
    const updated = await qualification.judge(candidate(() => false, { variant: 'another driver' }));
    assert.ok(updated.includes('price-options-f32'));
  });

  it('trusts nothing that lies about everything, or that nobody can prove', async () => {
    await assert.rejects(open().qualification.judge(candidate(() => true)), /none of its kernels/);
    const unknown = candidate(() => false, { kernels: [{ name: 'unknown-f32', digest: 'd' }] });
    const { qualification } = open();
    await assert.rejects(qualification.judge(unknown), /none of its kernels/);
    assert.match(qualification.reason(unknown.info, 'unknown-f32')!, /nobody knows a job/);
  });

  it('passes the failure of a candidate that died on, and accuses no kernel', async () => {
    const { qualification, events } = open();
    const dead = { ...candidate(() => false), run: () => Promise.reject(new DeviceFailure('died', 'killed')) };
    await assert.rejects(qualification.judge(dead), DeviceFailure);
    assert.equal(events.length, 0);
  });

  it('quarantines a kernel at the second result that differs in service', () => {
    const { qualification } = open();
    const { info } = candidate(() => false);
    assert.equal(qualification.mismatch(info, 'simulate-f32'), false);
    assert.equal(qualification.mismatch(info, 'price-options-f32'), false);
    assert.equal(qualification.mismatch(info, 'simulate-f32'), true);
    assert.match(qualification.reason(info, 'simulate-f32')!, /2 of its results differed/);
  });

  it('compares columns, and what is wanted', () => {
    const column = Uint8Array.of(1, 2);
    assert.ok(haveSameBits([column, null], [Uint8Array.of(1, 2), null]));
    assert.ok(!haveSameBits([column], [Uint8Array.of(1, 3)]));
    assert.ok(!haveSameBits([column], [null]));
  });
});
