// The way of a GPU kernel: compiled by a process of its own, kept in the store, loaded by workers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'mocha';
import { unlimited, type Allowance } from '../../../src/daemon/base/allowance.js';
import { goldenPlans } from '../../../src/daemon/operations/index.js';
import { needs } from '../../support/missing.js';
import { eventually } from '../../support/eventually.js';
import { compileForGpu, compute, expected, isUp, openWorker, type OpenWorker } from '../../support/worker.js';

describe('store of binaries', function () {
  this.timeout(90_000);
  let worker: OpenWorker | undefined;
  before(async function () {
    needs(this, 'an OpenCL device (pocl-opencl-icd)', await compileForGpu());
  });
  afterEach(() => worker?.close());

  /** On a store whose files were changed. */
  async function openGpu(change: (file: string) => void = () => undefined): Promise<OpenWorker> {
    worker = await openWorker({ device: 'gpu' }, '', (store) => {
      for (const name of readdirSync(store)) change(join(store, name));
    });
    await eventually(() => assert.ok(worker!.device.state.up), 60_000);
    return worker;
  }

  const starts = ({ events }: OpenWorker): number => events.filter(({ kind }) => kind === 'worker-started').length;

  it('serves the next daemon: no compiler runs', async () => {
    assert.equal(starts(await openGpu()), 1);
  });

  it('is private, and has a file for each kernel', async () => {
    const { device, folder } = await openGpu();
    const files = readdirSync(join(folder, 'store'));
    assert.equal(files.length, device.info.kernels.length);
    for (const file of files) assert.equal(statSync(join(folder, 'store', file)).mode & 0o777, 0o600);
  });

  const pidOf = ({ events }: OpenWorker): number =>
    events.flatMap((event) => (event.kind === 'worker-qualified' ? [event.pid] : [])).at(-1)!;

  const damages: Readonly<Record<string, (file: string) => void>> = {
    'was cut': (file) => writeFileSync(file, readFileSync(file).subarray(0, 1000)),
    'has a flipped bit': (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length - 100]! ^= 1;
      writeFileSync(file, bytes);
    },
    'is gone': (file) => rmSync(file),
    'is of another driver': (file) => {
      // A shorter key: the name of the engine, and all that follows, is another's.
      const text = readFileSync(file).toString('latin1').replace('opencl\n', 'opencX\n');
      writeFileSync(file, text, 'latin1');
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`is filled again where a file ${what}, and the bits stay`, async () => {
      const gpu = await openGpu(damage);
      assert.equal(starts(gpu), 2);
      const plans = goldenPlans().filter(({ kernel }) => gpu.device.info.kernels.some(({ name }) => name === kernel));
      for (const plan of plans.slice(0, 3)) {
        await isUp(gpu);
        assert.ok(expected(plan).equals((await compute(gpu.device, plan)).bytes));
      }
    });
  }

  it('waits to be filled while policy lets nothing load, and who serves from it goes on', async () => {
    const held: Allowance = { ...unlimited, rung: 'no-batch', mayLoad: false };
    const gpu = await openGpu();
    gpu.device.obey(held);
    for (const name of readdirSync(join(gpu.folder, 'store'))) rmSync(join(gpu.folder, 'store', name));
    const plan = goldenPlans().find(({ kernel }) => gpu.device.info.kernels.some(({ name }) => name === kernel))!;
    assert.ok(expected(plan).equals((await compute(gpu.device, plan)).bytes));
    process.kill(pidOf(gpu), 'SIGKILL');
    await eventually(() => assert.match(gpu.device.state.reason, /wait to be compiled: at no-batch policy lets no/));
    await eventually(() => assert.equal(gpu.device.workers, 0));
    gpu.device.step();
    assert.equal(gpu.device.workers, 0);
    const said = gpu.events.filter(({ kind }) => kind === 'compile-held');
    assert.deepEqual(said, [{ kind: 'compile-held', device: 'gpu', rung: 'no-batch' }]);
    gpu.device.obey(unlimited);
    await eventually(() => assert.ok(gpu.device.state.up), 60_000);
  });

  it('that is full serves a worker that starts again while policy lets nothing load', async () => {
    const gpu = await openGpu();
    gpu.device.obey({ ...unlimited, mayLoad: false });
    const pid = pidOf(gpu);
    process.kill(pid, 'SIGKILL');
    await eventually(() => assert.ok(gpu.device.state.up && pidOf(gpu) !== pid), 10_000);
  });

  it("that cannot be filled leaves the device down, with the compiler's words", async () => {
    worker = await openWorker({ device: 'gpu' }, 'compile', (store) => {
      for (const name of readdirSync(store)) rmSync(join(store, name));
    });
    await eventually(
      () => assert.match(worker!.device.state.reason, /^down: no kernel is ready: no compiler today/),
      30_000,
    );
  });
});
