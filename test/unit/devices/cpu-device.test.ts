import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import type { Load, Outcome, Task } from '../../../src/daemon/devices/device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { numbersIn } from '../../../src/daemon/operations/columns.js';
import { Device as DeviceKind, Precision } from '../../../src/gen/acceld/v1/execution.js';
import { kernelName, optionPlan, price } from '../../support/option-task.js';

const addon = loadHostAddon();
const threads = 2;

const task = (rows: number, change: Partial<Task> = {}): Task => ({
  begin: 0,
  end: rows,
  units: rows,
  bulk: false,
  inline: false,
  ...change,
});

describe('CpuDevice', () => {
  let device: CpuDevice;
  beforeEach(() => (device = new CpuDevice(addon, { threads })));
  afterEach(() => device.close());

  /** Prices of options that are all alike. */
  const load = (rows: number, change: Partial<Plan> = {}): Load =>
    device.load({ ...optionPlan(addon, rows), ...change });
  const runOn = (loaded: Load, what: Task): Promise<Outcome> => new Promise((done) => loaded.run(what, done));
  const outcomeOf = (rows: number, change: Partial<Task> = {}): Promise<Outcome> =>
    runOn(load(rows), task(rows, change));
  const column = (loaded: Load, place: number): Float64Array =>
    numbersIn(loaded.result().outputs[place]!, Precision.PRECISION_F64) as Float64Array;
  const isRight = (loaded: Load): boolean => column(loaded, 0).every((value) => Math.abs(value - price) < 1e-12);

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
    const loaded = load(3);
    const outcomes: Outcome[] = [];
    loaded.run(task(3, { inline: true }), (outcome) => outcomes.push(outcome));
    assert.equal(outcomes.length, 1);
    assert.equal(outcomes[0]!.notFinite, false);
    assert.ok(outcomes[0]!.computeNs > 0);
    assert.ok(isRight(loaded));
  });

  for (const bulk of [false, true]) {
    it(`computes a ${bulk ? 'bulk' : 'urgent'} task on a later turn`, async () => {
      const loaded = load(2_000);
      let isWithinRun = true;
      const outcome = await new Promise<Outcome>((done) => {
        loaded.run(task(2_000, { bulk }), (result) => {
          assert.equal(isWithinRun, false);
          done(result);
        });
        isWithinRun = false;
      });
      assert.ok(outcome.computeNs > 0);
      assert.ok(isRight(loaded));
    });
  }

  it('answers each of many tasks at once with its own outcome', async () => {
    const { inputs } = optionPlan(addon, 64);
    // At the money at expiry gamma is undefined.
    const atExpiry = inputs.map((view, place) => (place === 6 ? new Float64Array(1) : view));
    const outputs = [true, false, true, ...new Array<boolean>(6).fill(false)];
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const isAtExpiry = index % 7 === 0;
        const loaded = load(64, { outputs, ...(isAtExpiry ? { inputs: atExpiry } : {}) });
        const { notFinite } = await runOn(loaded, task(64, { bulk: index % 2 === 0 }));
        assert.equal(notFinite, isAtExpiry, `task ${index}`);
        assert.ok(isAtExpiry || isRight(loaded));
      }),
    );
  });

  it('lets urgent work pass bulk work that waits', async () => {
    const order: string[] = [];
    // Some 80 ms of work: a busy machine may take a while to wake the urgent thread.
    const rows = 500_000;
    const loaded = load(rows);
    const bulk = Array.from({ length: 40 }, () =>
      runOn(loaded, task(rows, { bulk: true })).then(() => order.push('bulk')),
    );
    const urgent = outcomeOf(64).then(() => order.push('urgent'));
    await Promise.all([urgent, ...bulk]);
    assert.ok(order.indexOf('urgent') < 20, `after ${order.indexOf('urgent')} of 40`);
  });

  it('predicts the cost of a row from the tasks that ran, and dearly before', async () => {
    const guess = device.unitNs(kernelName);
    assert.ok(guess * 60_000 > 1e6, 'a first job of many rows must not look small');
    const costs: number[] = [];
    for (let i = 0; i < 30; i += 1) costs.push((await outcomeOf(4_096)).computeNs / 4_096);
    const predicted = device.unitNs(kernelName);
    assert.ok(predicted >= Math.min(...costs) && predicted <= Math.max(...costs), `${predicted} of ${costs.join()}`);
    assert.notEqual(predicted, guess);
  });

  it('learns nothing from a few rows, whose cost is that of the call', () => {
    const guess = device.unitNs(kernelName);
    for (let i = 0; i < 100; i += 1) load(1).run(task(1, { inline: true }), () => undefined);
    assert.equal(device.unitNs(kernelName), guess);
  });

  it('throws for a malformed task and calls nobody', () => {
    const called = (): never => assert.fail('done was called');
    const inputs = [new Uint8Array(7)];
    assert.throws(() => load(64, { kernel: 'no-such-kernel' }), /no-such-kernel/);
    for (const inline of [false, true]) {
      assert.throws(() => load(64, { inputs }).run(task(64, { inline }), called), /^RangeError: inputs must be/);
    }
  });

  it('drops the tasks that wait when it closes', async () => {
    let done = 0;
    for (let i = 0; i < 50; i += 1) load(20_000).run(task(20_000), () => (done += 1));
    await device.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, 0);
  });
});
