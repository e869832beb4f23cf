import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import { unlimited, type Allowance, type LaneState } from '../../../src/daemon/base/allowance.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { FakeDevice, rejection, set } from './set.js';

const { PRIORITY_ORDER: order, PRIORITY_INTERACTIVE: interactive, PRIORITY_BATCH: batch } = Priority;

const allow = (priority: Priority, state: LaneState, rest: Partial<Allowance> = {}): Allowance => ({
  ...unlimited,
  lanes: new Map([[priority, state]]),
  reasons: [{ voice: 'memory', text: 'memory is short' }],
  ...rest,
});

describe('scheduler under an allowance', () => {
  it('a held lane stops at the next chunk, waits, and goes on where it was', async () => {
    const { device, scheduler, submit } = set();
    const finished = submit(10_000, { priority: batch });
    assert.equal(device.running.length, 2);
    scheduler.obey(allow(batch, 'held'));
    await device.endAll();
    assert.equal(device.tasks.length, 2);
    scheduler.obey(unlimited);
    await device.endAll();
    await finished;
    const rows = device.tasks.reduce((sum, { begin, end }) => sum + end - begin, 0);
    assert.equal(rows, 10_000);
  });

  it('a held lane takes new jobs in, small ones too, and runs none', async () => {
    const { device, scheduler, submit } = set();
    scheduler.obey(allow(batch, 'held'));
    const finished = submit(10, { priority: batch });
    assert.equal(device.tasks.length, 0);
    assert.equal(scheduler.lanes[2]!.queued, 1);
    scheduler.obey(unlimited);
    await device.endAll();
    await finished;
  });

  it('a held job still obeys its deadline and its client', async () => {
    const { clock, scheduler, submit, controllers, isIdle, gate } = set();
    scheduler.obey(allow(batch, 'held'));
    const late = submit(50_000, { priority: batch, deadlineNs: 5e6 }).catch((error: unknown) => error);
    const unwanted = rejection(submit(50_000, { priority: batch }));
    controllers[1]!.abort();
    assert.equal(await unwanted, 'CANCELLED');
    clock.advanceMs(6);
    // The transport ends a call at its deadline by cancelling it.
    controllers[0]!.abort();
    const fault = await late;
    assert.ok(fault instanceof Fault && fault.code === 'DEADLINE_EXCEEDED');
    assert.match(fault.message, /before the work was done: BATCH work is held: memory is short$/);
    assert.ok(isIdle());
    assert.equal(gate.waiting, 0);
  });

  it('ORDER runs whatever is held', async () => {
    const { device, scheduler, submit } = set();
    scheduler.obey(allow(batch, 'held'));
    void submit(50_000, { priority: batch });
    const small = submit(10, { priority: order });
    assert.equal(device.tasks.at(-1)!.inline, true);
    await small;
  });

  it('a lane that sheds runs what can run at once and refuses what would wait, with the reason and a hint', async () => {
    const { device, scheduler, submit, isIdle, gate } = set();
    const begun = submit(50_000);
    const waiting = rejection(submit(50_000));
    scheduler.obey(allow(interactive, 'shed'));
    assert.equal(await waiting, 'ALLOWANCE_CLOSED');
    const refused = await submit(50_000).catch((error: unknown) => error);
    assert.ok(refused instanceof Fault);
    assert.equal(refused.retryAfterMs, 5000);
    assert.match(refused.message, /no INTERACTIVE work is let in now: memory is short/);
    await device.endAll();
    await begun;
    assert.ok(await submit(10), 'nothing waits now');
    const alone = submit(2000);
    await device.endAll();
    await alone;
    assert.ok(isIdle());
    assert.equal(gate.waiting, 0);
  });

  it('a closed lane refuses new and waiting jobs, and running ones once their chunks end', async () => {
    const { device, scheduler, submit, isIdle, gate } = set();
    const running = rejection(submit(50_000, { priority: batch }));
    const waiting = rejection(submit(50_000, { priority: batch }));
    scheduler.obey(allow(batch, 'closed'));
    assert.equal(await waiting, 'ALLOWANCE_CLOSED');
    assert.equal(await rejection(submit(1, { priority: batch })), 'ALLOWANCE_CLOSED');
    await device.endAll();
    assert.equal(await running, 'ALLOWANCE_CLOSED');
    assert.equal(device.tasks.length, 2);
    assert.equal(device.loads, 0);
    assert.ok(isIdle());
    assert.equal(gate.waiting, 0);
  });

  it('a job that comes back from a device that failed is refused by a lane that closed meanwhile', async () => {
    const { scheduler, submitTo, isIdle } = set();
    const gpu = new FakeDevice();
    const finished = rejection(submitTo(gpu, 500));
    scheduler.obey(allow(interactive, 'closed'));
    gpu.endFirst(new DeviceFailure('lost', 'killed'));
    assert.equal(await finished, 'ALLOWANCE_CLOSED');
    assert.ok(isIdle());
  });

  it('gives bulk work no more than its share of the slots, and always one', async () => {
    const { device, scheduler, submit } = set();
    scheduler.obey(allow(batch, 'open', { bulkShare: 0.5 }));
    void submit(50_000, { priority: batch });
    assert.equal(device.running.length, 1);
    void submit(50_000);
    assert.equal(device.running.length, 3, 'urgent work has all of its own');
    scheduler.obey(unlimited);
    assert.equal(device.running.length, 4);
  });
});
