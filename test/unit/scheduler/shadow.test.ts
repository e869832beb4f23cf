import assert from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import type { Event } from '../../../src/daemon/base/events.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import type { Device } from '../../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { compute } from '../../../src/daemon/devices/qualification.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { Shadow } from '../../../src/daemon/scheduler/shadow.js';
import type { Finished, Order } from '../../../src/daemon/scheduler/work.js';
import { systemClock } from '../../../src/daemon/base/clock.js';
import { eventually } from '../../support/eventually.js';
import { optionPlan } from '../../support/option-task.js';

const addon = loadHostAddon();
const floor = new CpuDevice(addon, { threads: 1 });
const gpu = { info: { ...floor.info, name: 'gpu' } } as unknown as Device;
const plan = optionPlan(addon, 500);

function open(oneIn: number) {
  const scheduler = new Scheduler(systemClock, [floor]);
  const events: Event[] = [];
  const orders: Order[] = [];
  const mismatches: string[] = [];
  const shadow = new Shadow({
    floor,
    oneIn,
    announce: (event) => events.push(event),
    onMismatch: (device, kernel) => mismatches.push(`${device.info.name} ${kernel}`),
    submit: (order, placement) => {
      orders.push(order);
      return scheduler.submit(order, placement);
    },
  });
  return { shadow, events, orders, mismatches };
}

async function finishedOn(device: Device): Promise<Finished> {
  const { outputs } = await compute(floor, plan);
  const placement = { device, fallback: undefined };
  const nothing = { queueNs: 0, computeNs: 0, copiedBytes: 0, notFinite: false };
  return { outputs, memory: new Uint8Array(), placement, ...nothing };
}

describe('shadow', () => {
  after(() => floor.close());

  it('finds that a right result is right, below all other work, whatever becomes of the memory meanwhile', async () => {
    const { shadow, events, orders, mismatches } = open(1);
    const finished = await finishedOn(gpu);
    shadow.look(plan, finished);
    finished.outputs[0]!.fill(0);
    await eventually(() => assert.equal(events.length, 1));
    const [event] = events;
    assert.ok(event?.kind === 'result-checked' && event.isSame);
    assert.equal(orders[0]!.plan.execution.priority, Priority.PRIORITY_BACKGROUND);
    assert.deepEqual(mismatches, []);
  });

  it('does not look at what a device refused to compute', async () => {
    const { shadow, orders } = open(1);
    shadow.look(plan, { ...(await finishedOn(gpu)), outOfDomain: { begin: 0, end: 1 } });
    assert.equal(orders.length, 0);
  });

  it('finds a wrong bit', async () => {
    const { shadow, mismatches } = open(1);
    const finished = await finishedOn(gpu);
    finished.outputs[0]![100] = finished.outputs[0]![100]! ^ 1;
    shadow.look(plan, finished);
    await eventually(() => assert.deepEqual(mismatches, [`gpu ${plan.kernel}`]));
  });

  it('looks at what a device copied of a job with a guard, and never at columns that a caller may have changed', async () => {
    const { shadow, orders } = open(1);
    const finished = await finishedOn(gpu);
    const guard = { domain: new Float64Array(), mask: null, codes: [] };
    shadow.look({ ...plan, guard }, finished);
    assert.equal(orders.length, 0);
    const sample = { plan: optionPlan(addon, 10), outputs: finished.outputs };
    shadow.look({ ...plan, guard }, { ...finished, sample });
    assert.equal(orders[0]?.plan.rows, 10);
  });

  it('looks at one result in so many, and at none of the floor itself', async () => {
    const { shadow, orders } = open(3);
    for (let count = 0; count < 7; count += 1) shadow.look(plan, await finishedOn(gpu));
    for (let count = 0; count < 7; count += 1) shadow.look(plan, await finishedOn(floor));
    assert.equal(orders.length, 2);
  });
});
