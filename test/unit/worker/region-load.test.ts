// Jobs on columns in regions, in a worker that never sees a region.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { Precision } from '../../../src/gen/acceld/v1/execution.js';
import { systemClock } from '../../../src/daemon/base/clock.js';
import { sampleBytesMax } from '../../../src/daemon/base/limits.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { guardBlockRows } from '../../../src/daemon/devices/host-addon.js';
import { compute, haveSameBits } from '../../../src/daemon/devices/qualification.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { Shadow } from '../../../src/daemon/scheduler/shadow.js';
import { RegionLoad } from '../../../src/daemon/worker/region-load.js';
import { eventually } from '../../support/eventually.js';
import { bytesIn, onCpu, regionPlan } from '../../support/region-plan.js';
import { addon, isUp, openWorker, run, taskOf, type OpenWorker } from '../../support/worker.js';

describe('RegionLoad', () => {
  let worker: OpenWorker;
  afterEach(() => worker.close());

  it('gives the bits of the CPU, in pieces that fit into its memory, and counts what it copied', async () => {
    worker = await openWorker();
    await isUp(worker);
    const plan = regionPlan(150_000);
    const load = worker.device.load(plan);
    assert.ok(load instanceof RegionLoad);
    const tasks = [
      [0, 100_000],
      [100_000, 100_001],
      [100_001, 150_000],
    ];
    const outcomes = await Promise.all(tasks.map(([begin, end]) => run(load, taskOf(plan, begin, end))));
    assert.ok(outcomes.every(({ failure, notFinite, computeNs }) => !failure && !notFinite && computeNs > 0));
    assert.ok(onCpu(plan).equals(bytesIn(plan)));
    // A code, three numbers of a row's own, and two results.
    assert.equal(load.result().copiedBytes, 150_000 * (1 + 3 * 8 + 2 * 8));
    load.release();
    assert.equal(worker.device.memory!.usedBytes, 0);
    assert.ok(worker.device.moveRowNs > 0);
  });

  it('masks what does not exist', async () => {
    worker = await openWorker();
    await isUp(worker);
    const whole = regionPlan(1000);
    const outputs = whole.outputs.map((_, index) => index < 3);
    const targets = outputs.map((isWanted) => (isWanted ? new Uint8Array(8000) : null));
    const plan = { ...whole, outputs, targets };
    // At the money at expiry gamma does not exist.
    new Float64Array(plan.inputs[1]!.buffer)[37] = 100;
    new Float64Array(plan.inputs[6]!.buffer)[37] = 0;
    const { notFinite } = await run(worker.device.load(plan), taskOf(plan));
    assert.equal(notFinite, true);
    assert.ok(onCpu(plan).equals(bytesIn(plan)));
    assert.equal(new Uint32Array(plan.guard.mask!.buffer)[37]! & 8, 8);
  });

  it('names the block of rows that has a value out of its domain, and sends none of them', async () => {
    worker = await openWorker({}, 'crash-before');
    await isUp(worker);
    for (const [column, value] of [
      [0, 3],
      [6, 5000],
    ] as const) {
      const plan = regionPlan(5 * guardBlockRows);
      const row = 3 * guardBlockRows + 1;
      const view = plan.inputs[column] as Uint8Array<ArrayBuffer>;
      if (column === 0) view[row] = value;
      else new Float64Array(view.buffer)[row] = value;
      const load = worker.device.load(plan);
      const { failure } = await run(load, taskOf(plan, 100));
      assert.equal(failure, undefined);
      const { outOfDomain } = load.result();
      assert.deepEqual(outOfDomain, { begin: 100 + 2 * guardBlockRows, end: 100 + 3 * guardBlockRows });
    }
    assert.equal(worker.device.memory!.usedBytes, 0);
    assert.equal(worker.device.state.up, true);
  });

  it('computes what was judged, whatever the caller writes meanwhile', async () => {
    worker = await openWorker({}, 'slow:200');
    await isUp(worker);
    const plan = regionPlan(1000, Precision.PRECISION_F32);
    const expected = onCpu(plan);
    const outcome = run(worker.device.load(plan), taskOf(plan));
    await sleep(100);
    for (const column of plan.inputs) (column as Uint8Array).fill(0xff);
    assert.equal((await outcome).failure, undefined);
    assert.ok(expected.equals(bytesIn(plan)));
  });

  it('gives results that go into a message memory of their own', async () => {
    worker = await openWorker();
    await isUp(worker);
    const whole = regionPlan(50_000);
    const { targets: _, ...plan } = whole;
    const load = worker.device.load({ ...plan, guard: { ...plan.guard, mask: null } });
    await run(load, taskOf(plan));
    const expected = onCpu({ ...whole, guard: { ...plan.guard, mask: null } });
    assert.ok(expected.equals(Buffer.concat(load.result().outputs.filter((column) => column !== null))));
  });

  it('gives nothing to the region once its worker died, and its memory back', async () => {
    worker = await openWorker({}, 'crash-after');
    await isUp(worker);
    const plan = regionPlan(1000);
    const { failure } = await run(worker.device.load(plan), taskOf(plan));
    assert.ok(failure instanceof DeviceFailure && failure.kind === 'died');
    assert.ok(bytesIn(plan).every((byte) => byte === 0xee));
    await eventually(() => assert.equal(worker.device.memory!.usedBytes, 0));
  });
});

/** A second look at every job of a worker. */
async function openChecked(fault = '') {
  const floor = new CpuDevice(addon, { threads: 1 });
  const checks: boolean[] = [];
  const mismatches: string[] = [];
  const shadow: Shadow = new Shadow({
    floor,
    oneIn: 1,
    announce: (event) => event.kind === 'result-checked' && checks.push(event.isSame),
    onMismatch: (_, kernel) => mismatches.push(kernel),
    submit: (order, placement) => scheduler.submit(order, placement),
  });
  const worker = await openWorker({ takesSample: () => shadow.takes() }, fault);
  const { device } = worker;
  const scheduler = new Scheduler(systemClock, [floor, device]);
  await isUp(worker);
  const never = new AbortController().signal;
  const gate = { enterQueue: () => undefined, leaveQueue: () => undefined };
  const price = async (plan: Plan) => {
    const order = { plan, deadlineNs: Infinity, cancellation: () => never, gate };
    const finished = await scheduler.submit(order, { device, fallback: undefined });
    assert.equal(finished.placement.device, device);
    shadow.look(plan, finished);
    return finished;
  };
  const close = async () => {
    await worker.close();
    await floor.close();
  };
  return { floor, checks, mismatches, price, close };
}

describe('a second look at jobs in regions', () => {
  let checked: Awaited<ReturnType<typeof openChecked>>;
  afterEach(() => checked.close());

  it('finds a wrong bit', async () => {
    checked = await openChecked('wrong');
    await checked.price(regionPlan(1000));
    await eventually(() => assert.deepEqual(checked.mismatches, ['price-options-f64']));
    await checked.price(regionPlan(1000));
    await eventually(() => assert.deepEqual(checked.checks, [false, true]));
  });

  it('accuses nobody for what a caller writes meanwhile', async () => {
    checked = await openChecked();
    const plan = regionPlan(20_000);
    const spots = plan.inputs[1] as Uint8Array;
    const prices = plan.targets![0]!;
    let isFlipping = true;
    let changed = 0;
    const flip = (): void => {
      for (let at = 0; at < spots.length; at += 8) spots[at] = spots[at]! ^ 0xff;
      prices.fill(changed);
      changed += 1;
      if (isFlipping) setImmediate(flip);
    };
    flip();
    try {
      for (let count = 1; count <= 20; count += 1) {
        await checked.price(plan);
        await eventually(() => assert.equal(checked.checks.length, count));
      }
    } finally {
      isFlipping = false;
    }
    assert.ok(changed > 20);
    assert.deepEqual([...new Set(checked.checks)], [true]);
  });

  it('takes rows from anywhere in a large job, and not too many', async () => {
    checked = await openChecked();
    const plan = regionPlan(100_000);
    const { sample } = await checked.price(plan);
    const columns = [...sample!.plan.inputs, ...sample!.outputs].filter((column) => column !== null);
    const bytes = columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // Beside the rows, columns of one value.
    assert.ok(bytes <= sampleBytesMax + 7 * 8, `${bytes}`);
    const { outputs } = await compute(checked.floor, sample!.plan);
    assert.ok(haveSameBits(outputs, sample!.outputs));
    await eventually(() => assert.deepEqual(checked.checks, [true]));
  });

  it('looks at numbers that do not exist before they are masked', async () => {
    checked = await openChecked();
    const whole = regionPlan(1000);
    const outputs = whole.outputs.map((_, index) => index < 3);
    new Float64Array((whole.inputs[1] as Uint8Array<ArrayBuffer>).buffer)[37] = 100;
    new Float64Array((whole.inputs[6] as Uint8Array<ArrayBuffer>).buffer)[37] = 0;
    const targets = outputs.map((isWanted) => (isWanted ? new Uint8Array(8000) : null));
    const { notFinite, sample } = await checked.price({ ...whole, outputs, targets });
    const gamma = new Float64Array((sample!.outputs[2] as Uint8Array<ArrayBuffer>).buffer);
    assert.deepEqual([notFinite, gamma[37]], [true, Number.NaN]);
    await eventually(() => assert.deepEqual(checked.checks, [true]));
  });
});
