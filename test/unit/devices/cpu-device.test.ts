import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import type { Outcome, Task } from '../../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { Device as DeviceKind } from '../../../src/gen/acceld/v1/execution.js';
import { kernelName, optionTask, price } from '../../support/option-task.js';

const addon = loadHostAddon();
const threads = 2;

/** A task over all rows, and the prices it writes. */
function makeTask(rows: number, change: Partial<Task> = {}): { task: Task; prices: Float64Array } {
  const { params, inputs, outputs, prices } = optionTask(addon, rows);
  const task = {
    kernel: kernelName,
    params,
    inputs,
    outputs,
    begin: 0,
    end: rows,
    units: rows,
    bulk: false,
    inline: false,
    ...change,
  };
  return { task, prices };
}

describe('CpuDevice', () => {
  let device: CpuDevice;
  beforeEach(() => (device = new CpuDevice(addon, { threads })));
  afterEach(() => device.close());

  const outcomeOf = (task: Task): Promise<Outcome> => new Promise((done) => device.run(task, done));

  it('says what it is', () => {
    const { kind, engine, name, variant, threads: total, kernels } = device.info;
    assert.deepEqual(
      [kind, engine, name, variant, total],
      [DeviceKind.DEVICE_CPU, 'own', addon.cpuName, addon.instructionSet, 2 * threads],
    );
    assert.deepEqual(
      kernels,
      addon.kernels.map(({ name, digest }) => ({ name, digest })),
    );
    assert.ok(device.tasksMax > threads);
    assert.equal(device.threadsNotLowered, 0);
  });

  it('computes an inline task within run', () => {
    const { task, prices } = makeTask(3, { inline: true });
    const outcomes: Outcome[] = [];
    device.run(task, (outcome) => outcomes.push(outcome));
    assert.equal(outcomes.length, 1);
    assert.equal(outcomes[0]!.notFinite, false);
    assert.ok(outcomes[0]!.computeNs > 0);
    assert.ok(prices.every((value) => Math.abs(value - price) < 1e-12));
  });

  for (const bulk of [false, true]) {
    it(`computes a ${bulk ? 'bulk' : 'urgent'} task on a later turn`, async () => {
      const { task, prices } = makeTask(2_000, { bulk });
      let isWithinRun = true;
      const outcome = await new Promise<Outcome>((done) => {
        device.run(task, (result) => {
          assert.equal(isWithinRun, false);
          done(result);
        });
        isWithinRun = false;
      });
      assert.ok(outcome.computeNs > 0);
      assert.ok(prices.every((value) => Math.abs(value - price) < 1e-12));
    });
  }

  it('answers each of many tasks at once with its own outcome', async () => {
    const tasks = Array.from({ length: 300 }, (_, index) => makeTask(64, { bulk: index % 2 === 0 }));
    const finite = await Promise.all(
      tasks.map(async ({ task, prices }, index) => {
        // At the money at expiry gamma is undefined, in every seventh task.
        const inputs = task.inputs.map((view, place) => (place === 6 && index % 7 === 0 ? new Float64Array(1) : view));
        const outputs = task.outputs.map((view, place) => (place === 2 ? new Float64Array(64) : view));
        const { notFinite } = await outcomeOf({ ...task, inputs, outputs });
        assert.equal(notFinite, index % 7 === 0, `task ${index}`);
        return prices.every(Number.isFinite);
      }),
    );
    assert.ok(finite.every(Boolean));
  });

  it('lets urgent work pass bulk work that waits', async () => {
    const order: string[] = [];
    const bulk = Array.from({ length: 40 }, () =>
      outcomeOf(makeTask(50_000, { bulk: true }).task).then(() => order.push('bulk')),
    );
    const urgent = outcomeOf(makeTask(64).task).then(() => order.push('urgent'));
    await Promise.all([urgent, ...bulk]);
    assert.ok(order.indexOf('urgent') < 20, `after ${order.indexOf('urgent')} of 40`);
  });

  it('predicts the cost of a row from the tasks that ran, and dearly before', async () => {
    const guess = device.unitNs(kernelName);
    assert.ok(guess * 60_000 > 1e6, 'a first job of many rows must not look small');
    const costs: number[] = [];
    for (let i = 0; i < 30; i += 1) costs.push((await outcomeOf(makeTask(4_096).task)).computeNs / 4_096);
    const predicted = device.unitNs(kernelName);
    assert.ok(predicted >= Math.min(...costs) && predicted <= Math.max(...costs), `${predicted} of ${costs.join()}`);
    assert.notEqual(predicted, guess);
  });

  it('learns nothing from a few rows, whose cost is that of the call', () => {
    const guess = device.unitNs(kernelName);
    for (let i = 0; i < 100; i += 1) device.run(makeTask(1, { inline: true }).task, () => undefined);
    assert.equal(device.unitNs(kernelName), guess);
  });

  it('throws for a malformed task and calls nobody', () => {
    const called = (): never => assert.fail('done was called');
    const inputs = [new Uint8Array(7)];
    for (const inline of [false, true]) {
      assert.throws(
        () => device.run(makeTask(64, { inline, kernel: 'no-such-kernel' }).task, called),
        /no-such-kernel/,
      );
      assert.throws(() => device.run(makeTask(64, { inline, inputs }).task, called), /^RangeError: inputs must be/);
    }
  });

  it('drops the tasks that wait when it closes', async () => {
    let done = 0;
    for (let i = 0; i < 50; i += 1) device.run(makeTask(20_000).task, () => (done += 1));
    await device.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, 0);
  });
});
