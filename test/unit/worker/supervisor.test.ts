// Who serves when, with real processes and a clock that the test moves; and what is left behind: nothing.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, it } from 'mocha';
import { unlimited } from '../../../src/daemon/base/allowance.js';
import { Supervisor, type SupervisorSettings } from '../../../src/daemon/worker/supervisor.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import {
  addon,
  compute,
  expected,
  isUp,
  openWorker,
  optionPlan,
  run,
  taskOf,
  tellsNothing,
  type OpenWorker,
} from '../../support/worker.js';

const plan = optionPlan(1000);

const pidsOf = ({ events }: OpenWorker): number[] =>
  events.flatMap((event) => (event.kind === 'worker-qualified' ? [event.pid] : []));
const deathsOf = ({ events }: OpenWorker): number => events.filter(({ kind }) => kind === 'worker-died').length;
const qualified = (worker: OpenWorker, count: number): Promise<number[]> =>
  eventually(() => {
    const pids = pidsOf(worker);
    assert.equal(pids.length, count);
    return pids;
  });

/** One that is dead and not yet waited for by its parent is not alive. */
const isAlive = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout);

describe('Supervisor', () => {
  let worker: OpenWorker;
  afterEach(() => worker.close());

  it('puts the standby in the place of a worker that died, before its jobs hear of it', async () => {
    worker = await openWorker({ useStandby: true }, 'hang');
    const [first] = await qualified(worker, 2);
    worker.setFault('');
    const load = worker.device.load(plan);
    const failed = run(load, taskOf(plan)).then(({ failure }) => ({ failure, isUp: worker.device.state.up }));
    process.kill(first!, 'SIGKILL');
    const { failure, isUp } = await failed;
    assert.equal(failure?.name, 'DeviceFailure');
    assert.equal(isUp, true);
    load.release();
    // The standby's first task hangs as well, so that both are gone at once; then the third serves.
    await qualified(worker, 3);
    assert.equal((await compute(worker.device, plan)).outcome.failure?.kind, 'died');
    assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
  });

  it('replaces a standby that died, and needs nobody for it', async () => {
    worker = await openWorker({ useStandby: true });
    const [, standby] = await qualified(worker, 2);
    process.kill(standby!, 'SIGKILL');
    await qualified(worker, 3);
    assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
    assert.equal(deathsOf(worker), 1);
  });

  it('has no standby while the machine is short of memory, and one again afterwards', async () => {
    worker = await openWorker({ useStandby: true });
    const [serving, standby] = await qualified(worker, 2);
    worker.device.obey({ ...unlimited, shrinkPools: true });
    await eventually(() => assert.equal(isAlive(standby!), false));
    await eventually(() => assert.equal(worker.device.workers, 1));
    assert.equal(isAlive(serving!), true);
    assert.equal(deathsOf(worker), 0);
    assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
    worker.device.obey(unlimited);
    await qualified(worker, 3);
  });

  for (const [what, cause, own] of [
    ['was stopped', /^was stopped by a signal$/, addon],
    ['makes no progress', /^gave no sign of life for 0\.5\d s$/, tellsNothing],
  ] as const) {
    it(`replaces a worker that ${what} while it had nothing to do, within about a second`, async () => {
      worker = await openWorker({ useStandby: true, addon: own });
      const [first] = await qualified(worker, 2);
      process.kill(first!, 'SIGSTOP');
      await qualified(worker, 3);
      const died = worker.events.find((event) => event.kind === 'worker-died')!;
      assert.equal(died.pid, first);
      assert.match(died.cause, cause);
      assert.deepEqual([died.accused, died.lost], [0, 0]);
      assert.equal(isAlive(first!), false);
      assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
    });
  }

  it('gives the memory of a worker that hung to nobody before it is gone', async () => {
    worker = await openWorker({}, 'stop');
    await isUp(worker);
    const [pid] = pidsOf(worker);
    const load = worker.device.load(plan);
    const used = worker.device.memory!.usedBytes;
    assert.ok(used > 0);
    const { failure } = await run(load, taskOf(plan));
    assert.equal(failure?.kind, 'died');
    load.release();
    // What it would still write, were it let go on now, lands where nobody reads.
    assert.equal(worker.device.memory!.usedBytes, used);
    try {
      process.kill(pid!, 'SIGCONT');
    } catch {
      // Gone already, but not yet known to be.
    }
    await eventually(() => assert.equal(worker.device.memory!.usedBytes, 0));
    assert.equal(isAlive(pid!), false);
  });

  it('starts a worker that did nothing later and later, and one that worked at once', async () => {
    const clock = new FakeClock();
    worker = await openWorker({ clock }, 'crash-before');
    await isUp(worker);
    assert.equal((await compute(worker.device, plan)).outcome.failure?.kind, 'died');
    await eventually(() => assert.equal(deathsOf(worker), 1));
    worker.device.step();
    assert.equal(worker.device.workers, 0);
    clock.advanceMs(49);
    worker.device.step();
    assert.equal(worker.device.workers, 0);
    worker.setFault('');
    clock.advanceMs(1);
    worker.device.step();
    assert.equal(worker.device.workers, 1);
    const [, second] = await qualified(worker, 2);
    await compute(worker.device, plan);
    process.kill(second!, 'SIGKILL');
    await qualified(worker, 3);
  });

  it('tries a device that is absent every minute, and takes it when it is there', async () => {
    const clock = new FakeClock();
    worker = await openWorker({ clock }, 'absent');
    await eventually(() => assert.equal(worker.device.state.reason, 'down: no device today'));
    for (const fault of ['absent', 'absent', '']) {
      worker.setFault(fault);
      clock.advanceMs(59_999);
      worker.device.step();
      assert.equal(worker.device.workers, 0);
      clock.advanceMs(1);
      worker.device.step();
      assert.equal(worker.device.workers, 1);
      await eventually(() => assert.ok(worker.device.workers === 0 || worker.device.state.up));
    }
    assert.equal(worker.device.state.up, true);
    const kinds = worker.events.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['worker-down', 'worker-started', 'worker-qualified']);
  });

  it('tries a standby that the device has no memory for every minute, whatever the other one does', async () => {
    const clock = new FakeClock();
    worker = await openWorker({
      clock,
      useStandby: true,
      qualify: async ({ run }) => {
        await run(plan);
        worker.setFault('attach');
        return [];
      },
    });
    await isUp(worker);
    // The first job of a worker has the standby tried at once.
    await compute(worker.device, plan);
    worker.device.step();
    await eventually(() => assert.equal(worker.device.workers, 1));
    for (let round = 0; round < 3; round += 1) {
      assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
      worker.device.step();
      assert.equal(worker.device.workers, 1);
      clock.advanceMs(60_000);
      worker.device.step();
      assert.equal(worker.device.workers, 2);
      await eventually(() => assert.equal(worker.device.workers, 1));
    }
    const kinds = worker.events.map(({ kind }) => kind);
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'worker-started'),
      ['worker-qualified'],
    );
    worker.setFault('');
    clock.advanceMs(60_000);
    worker.device.step();
    await qualified(worker, 2);
  });

  it('lets no worker serve that fails its qualification', async () => {
    let isTrusted = false;
    const results: Buffer[] = [];
    worker = await openWorker({
      qualify: async (candidate) => {
        const { outputs } = await candidate.run(plan);
        results.push(Buffer.concat(outputs.filter((column) => column !== null)));
        if (!isTrusted) throw new Error('price-options-f64 gave other bits');
        return ['price-options-f64'];
      },
    });
    await eventually(() =>
      assert.match(worker.device.state.reason, /failed its qualification: price-options-f64 gave/),
    );
    assert.equal(worker.device.state.up, false);
    isTrusted = true;
    await isUp(worker);
    assert.deepEqual(
      worker.device.info.kernels.map(({ name }) => name),
      ['price-options-f64'],
    );
    assert.ok(results.length > 1 && results.every((memory) => expected(plan).equals(memory)));
  });

  it('says that an executable is not there', async () => {
    worker = await openWorker({ executable: '/nowhere/worker' });
    await eventually(() => assert.equal(worker.device.state.reason, 'down: does not start: ENOENT'));
  });
});

describe('what workers leave behind', () => {
  it('refuses a folder whose path fits into no frame', () => {
    const folder = `/${'x'.repeat(1024)}`;
    assert.throws(() => new Supervisor({ folder } as SupervisorSettings), /a path too long/);
  });

  it('is nothing: no process, no descriptor, no folder', async function () {
    const descriptors = (): number => readdirSync('/dev/fd').length;
    const worker = await openWorker({ useStandby: true });
    await qualified(worker, 2);
    const before = descriptors();
    for (let round = 1; round <= 20; round += 1) {
      assert.ok(expected(plan).equals((await compute(worker.device, plan)).bytes));
      for (const pid of pidsOf(worker).slice(-2)) process.kill(pid, 'SIGKILL');
      await qualified(worker, 2 + 2 * round);
    }
    await eventually(() => assert.equal(descriptors(), before));
    await eventually(() => assert.equal(readdirSync(worker.folder).length, 3));
    assert.equal(worker.device.memory!.usedBytes, 0);
    const pids = pidsOf(worker);
    await worker.close();
    assert.deepEqual(pids.filter(isAlive), []);
  }).timeout(60_000);

  for (const [state, fault] of [
    ['idle', ''],
    ['computing', 'slow:60000'],
    ['stopped', 'stop'],
  ] as const) {
    it(`is no worker, ${state}, when the daemon is killed`, async () => {
      const script = fileURLToPath(new URL('../../support/worker-parent.ts', import.meta.url));
      const parent = spawn(process.execPath, ['--import=tsx', script, fault], { stdio: ['ignore', 'pipe', 'inherit'] });
      const pid = await new Promise<number>((resolve) =>
        createInterface(parent.stdout).once('line', (line) => resolve(Number(line))),
      );
      assert.ok(isAlive(pid));
      parent.kill('SIGKILL');
      await eventually(() => assert.equal(isAlive(pid), false), 1000);
    });
  }
});
