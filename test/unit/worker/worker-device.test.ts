import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, it } from 'mocha';
import { Device as DeviceKind } from '../../../src/gen/acceld/v1/execution.js';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { WorkerDevice } from '../../../src/daemon/worker/worker-device.js';
import { eventually } from '../../support/eventually.js';
import { compute, expected, isUp, openWorker, optionPlan, run, taskOf, type OpenWorker } from '../../support/worker.js';

describe('WorkerDevice', () => {
  let worker: OpenWorker;
  afterEach(() => worker.close());

  it('is down until its first worker serves, and says what it is then', async () => {
    worker = await openWorker();
    assert.deepEqual(worker.device.state, { up: false, reason: 'its first worker starts' });
    assert.throws(() => worker.device.load(optionPlan(1)), new DeviceFailure('lost', 'its first worker starts'));
    await isUp(worker);
    assert.ok(worker.device instanceof WorkerDevice);
    assert.equal(worker.device.sandboxLacks, '');
    const { kind, engine, kernels } = worker.device.info;
    assert.deepEqual([kind, engine], [DeviceKind.DEVICE_CPU, 'own']);
    assert.ok(kernels.some(({ name, digest }) => name === 'price-options-f64' && /^[0-9a-f]{16}$/.test(digest)));
    assert.deepEqual(
      worker.events.map(({ kind }) => kind),
      ['worker-started', 'worker-qualified'],
    );
  });

  it('gives the bits of the CPU, in one task and in many', async () => {
    worker = await openWorker();
    await isUp(worker);
    const plan = optionPlan(10_000);
    const { outcome, bytes } = await compute(worker.device, plan);
    assert.equal(outcome.failure, undefined);
    assert.ok(outcome.computeNs > 0);
    assert.ok(expected(plan).equals(bytes));
    const load = worker.device.load(plan);
    const borders = [0, 64, 1000, 1001, 5000, 10_000];
    await Promise.all(borders.slice(1).map((end, index) => run(load, taskOf(plan, borders[index], end))));
    assert.ok(expected(plan).equals(load.result().memory));
    load.release();
    assert.equal(worker.device.memory!.usedBytes, 0);
  });

  it('ends a task whose worker is killed, accuses its job, and serves again', async () => {
    worker = await openWorker({}, 'slow:5000');
    await isUp(worker);
    const plan = optionPlan(100);
    const load = worker.device.load(plan);
    const [first, second] = [run(load, taskOf(plan, 0, 50)), run(load, taskOf(plan, 50, 100))];
    const pid = worker.events.find((event) => event.kind === 'worker-started')!.pid;
    await new Promise((resolve) => setTimeout(resolve, 50));
    worker.setFault('');
    process.kill(pid, 'SIGKILL');
    assert.deepEqual((await first).failure, new DeviceFailure('died', 'ended unexpectedly'));
    assert.deepEqual((await second).failure, new DeviceFailure('lost', 'ended unexpectedly'));
    load.release();
    const died = await eventually(() => {
      const event = worker.events.find((event) => event.kind === 'worker-died');
      assert.ok(event);
      return event;
    });
    assert.deepEqual(died, { kind: 'worker-died', device: 'cpu', pid, cause: 'died of SIGKILL', accused: 1, lost: 1 });
    await isUp(worker);
    assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
    await eventually(() => assert.equal(worker.device.memory!.usedBytes, 0));
  });

  if (process.platform === 'linux') {
    it('is what the system ends first where memory runs out', async () => {
      worker = await openWorker();
      await isUp(worker);
      const { pid } = worker.events.find((event) => event.kind === 'worker-started')!;
      assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'), '500\n');
    });
  }
});
