import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { FakeDevice, plan, rejection, set } from './set.js';

describe('scheduler', () => {
  it('runs small work at once, on the calling turn', async () => {
    const { device, submit, isIdle } = set();
    const finished = submit(10);
    assert.equal(device.tasks[0]!.inline, true);
    assert.equal((await finished).outputs[0]!.byteLength, 80);
    assert.ok(isIdle());
  });

  it('cuts long work into chunks that cover every row once, and no more than the device wants at a time', async () => {
    const { device, submit, isIdle } = set();
    const finished = submit(10_000);
    assert.equal(device.running.length, 2);
    await device.endAll();
    assert.equal((await finished).computeNs, device.tasks.length * 1000);
    let row = 0;
    for (const task of device.tasks) {
      assert.equal(task.begin, row);
      assert.ok(task.end - task.begin <= 1500);
      row = task.end;
    }
    assert.equal(row, 10_000);
    assert.ok(isIdle());
  });

  it('lets ORDER overtake INTERACTIVE at the next chunk, and the earlier deadline go first within a lane', async () => {
    const { device, submit } = set();
    const slow = submit(50_000, { deadlineNs: 9e15 });
    const soon = submit(2000, { deadlineNs: 1e15 });
    const order = submit(2000, { priority: Priority.PRIORITY_ORDER });
    const ended: string[] = [];
    void slow.then(() => ended.push('slow'));
    void soon.then(() => ended.push('soon'));
    void order.then(() => ended.push('order'));
    await device.endAll();
    await Promise.all([slow, soon, order]);
    assert.deepEqual(ended, ['order', 'soon', 'slow']);
  });

  it('keeps bulk work to its own slots, so that urgent work never waits for it', () => {
    const { device, submit } = set();
    void submit(50_000, { priority: Priority.PRIORITY_BATCH });
    assert.equal(device.running.length, 2);
    void submit(50_000, { priority: Priority.PRIORITY_INTERACTIVE });
    assert.equal(device.running.length, 4);
    assert.deepEqual(
      device.running.map(({ task }) => task.bulk),
      [true, true, false, false],
    );
  });

  it('does not run small work ahead of work that waits in its own lane', () => {
    const { device, submit } = set();
    void submit(50_000);
    void submit(1);
    assert.equal(device.tasks.filter((task) => task.inline).length, 0);
    void submit(1, { priority: Priority.PRIORITY_ORDER });
    assert.equal(device.tasks.filter((task) => task.inline).length, 1);
  });

  it('stops cancelled work at the next chunk, queued or running', async () => {
    const { device, submit, controllers, isIdle, gate } = set();
    const running = rejection(submit(50_000));
    const queued = rejection(submit(50_000));
    controllers[1]!.abort();
    assert.equal(await queued, 'CANCELLED');
    controllers[0]!.abort();
    await device.endAll();
    assert.equal(await running, 'CANCELLED');
    assert.equal(device.tasks.length, 2);
    assert.ok(isIdle());
    assert.equal(gate.waiting, 0);
  });

  it('stops work whose deadline passes, before it starts and between chunks', async () => {
    const { clock, device, submit, isIdle } = set();
    const running = rejection(submit(50_000, { deadlineNs: 5e6 }));
    clock.advanceMs(6);
    await device.endAll();
    assert.equal(await running, 'DEADLINE_EXCEEDED');
    assert.equal(device.tasks.length, 2);
    assert.equal(await rejection(submit(50_000, { deadlineNs: 5e6 })), 'DEADLINE_EXCEEDED');
    assert.equal(device.tasks.length, 2);
    assert.ok(isIdle());
  });

  it('refuses a job when the queue of its caller is full and keeps the others', async () => {
    const { device, submit, gate } = set();
    gate.max = 1;
    const first = submit(50_000);
    assert.equal(await rejection(submit(50_000)), 'QUEUE_FULL');
    await device.endAll();
    await first;
  });

  it('goes on after a device refused a malformed task', async () => {
    const { device, submit, isIdle } = set();
    device.refusal = new RangeError('inputs[0] too short');
    assert.match(await rejection(submit(50_000)), /too short/);
    assert.match(await rejection(submit(1)), /too short/);
    device.refusal = undefined;
    assert.ok(await submit(1));
    assert.ok(isIdle());
  });

  it('says how long a job waited', async () => {
    const { clock, device, submit } = set();
    void submit(2000);
    const second = submit(2000);
    clock.advanceMs(3);
    await device.endAll();
    assert.equal((await second).queueNs, 3e6);
  });

  it('answers a job of a device that died from the floor, with every row, and gives the memory back', async () => {
    const { device: floor, scheduler, submitTo } = set();
    const gpu = new FakeDevice();
    const finished = submitTo(gpu, 5_000);
    assert.equal(gpu.running.length, 2);
    gpu.state = { up: false, reason: 'restarts' };
    gpu.endFirst(new DeviceFailure('died', 'killed'));
    assert.equal(floor.running.length, 0, 'a chunk may still write');
    gpu.endFirst(new DeviceFailure('lost', 'killed'));
    assert.equal(gpu.loads, 0);
    await floor.endAll();
    const { placement, outputs } = await finished;
    assert.equal(placement.device, floor);
    assert.match(placement.fallback!.reason, /killed/);
    assert.equal(outputs[0]!.byteLength, 40_000);
    assert.deepEqual([floor.tasks[0]!.begin, floor.tasks.at(-1)!.end], [0, 5_000]);
    assert.equal(floor.loads, 0);
    assert.ok(scheduler.lanes.every(({ queued, running }) => queued === 0 && running === 0));
  });

  it('gives a job that waited in a dead worker to the next one, also where the queue is full', async () => {
    const { gate, submitTo } = set();
    const gpu = new FakeDevice();
    gate.max = 1;
    const finished = submitTo(gpu, 500);
    gpu.endFirst(new DeviceFailure('lost', 'killed'));
    assert.equal(gpu.running.length, 1);
    await gpu.endAll();
    assert.equal((await finished).placement.device, gpu);
    assert.equal(gate.waiting, 0);
  });

  it('does not let a job for a busy device keep one for an idle device waiting', () => {
    const { device: floor, submit, submitTo } = set();
    const gpu = new FakeDevice();
    void submitTo(gpu, 50_000);
    void submit(50_000);
    assert.equal(floor.running.length, 2);
  });

  it('places work on the device that ends first with what waits for it', () => {
    const { clock } = set();
    const [floor, gpu] = [new FakeDevice(), new FakeDevice()];
    const scheduler = new Scheduler(clock, [floor, gpu]);
    const gate = { enterQueue: () => undefined, leaveQueue: () => undefined };
    const order = { plan: plan(50_000), deadlineNs: Infinity, cancellation: () => new AbortController().signal, gate };
    const first = scheduler.place(order.plan);
    assert.equal(first.device, floor);
    void scheduler.submit(order, first);
    assert.equal(scheduler.place(plan(50_000)).device, gpu);
    assert.equal(scheduler.place(plan(50_000, Priority.PRIORITY_BATCH)).device, floor, 'bulk work has its own threads');
  });
});
