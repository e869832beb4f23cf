import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill, pid as ownPid } from 'node:process';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DeviceFailure } from '../../../src/daemon/devices/device.js';
import { LivedTime, tasksInFlightMax } from '../../../src/daemon/worker/rules.js';
import { SharedArena } from '../../../src/daemon/worker/shared-arena.js';
import { WorkerLoad } from '../../../src/daemon/worker/worker-load.js';
import { WorkerProcess, type Answer } from '../../../src/daemon/worker/worker-process.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { addon, executables, expected, optionPlan, run, taskOf } from '../../support/worker.js';

const stop = (pid: number): void => void kill(pid, 'SIGSTOP');

const silent = {
  onReady: () => undefined,
  onTask: () => undefined,
  onDying: () => undefined,
  onEnded: () => undefined,
};

describe('WorkerProcess', () => {
  let folder: string;
  let arena: SharedArena;
  let lived: LivedTime;
  let clock: FakeClock;
  let process: WorkerProcess;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'acceld-process-'));
    arena = await SharedArena.open(addon, 1024 * 1024);
    lived = new LivedTime();
    clock = new FakeClock();
  });
  afterEach(async () => {
    process.kill('the test is over');
    await new Promise<void>((resolve) => process.whenEnded(resolve));
    await arena.close();
    rmSync(folder, { recursive: true });
  });

  const start = (fault = ''): WorkerProcess =>
    (process = new WorkerProcess(
      {
        addon,
        clock,
        lived,
        executable: executables.test,
        role: 'worker',
        device: 'cpu',
        folders: { work: folder, store: '' },
        environment: { ACCELD_FAULT: fault },
        arena,
      },
      silent,
    ));
  const ready = (): Promise<void> => eventually(() => assert.equal(process.state, 'ready'));

  /** Lets time pass as the daemon lives it, tick by tick. */
  const live = (seconds: number): number => {
    for (let i = 0; i < seconds * 100; i += 1) {
      clock.advanceMs(10);
      lived.advance(clock.nowNs());
    }
    return lived.advance(clock.nowNs());
  };

  it('may take long to start, as long as it gets on', async () => {
    start('slow-start:100');
    const { length } = addon.kernels;
    assert.ok(length >= 3);
    for (let kernels = 0; kernels < length; kernels += 1) {
      await eventually(() => assert.ok(process.kernels.length >= kernels));
      process.check(live(40));
      assert.equal(process.cause, '');
    }
    await ready();
  });

  it('is ended when its start does not get on', async () => {
    start('stuck-start');
    await eventually(() => assert.ok(process.report));
    process.check(live(59));
    assert.equal(process.state, 'starting');
    process.check(live(2));
    assert.equal(process.cause, 'made no progress for 61.00 s');
  });

  it('is ended when a signal stops its start', async () => {
    start('stuck-start');
    await eventually(() => assert.ok(process.report));
    stop(process.pid);
    await eventually(() => {
      process.check(live(0.01));
      assert.equal(process.cause, 'was stopped by a signal');
    });
  });

  it('is known to be stopped until it goes on, and is not stopped by a terminal', async () => {
    start();
    await ready();
    const { pid } = process;
    stop(pid);
    await eventually(() => assert.ok(addon.isStopped(pid)));
    assert.ok(addon.isStopped(pid), 'asking has changed the answer');
    kill(pid, 'SIGCONT');
    await eventually(() => assert.ok(!addon.isStopped(pid)));
    process.check(live(0.01));
    assert.equal(process.state, 'ready');
    // The kernel itself keeps such a signal from a group without a terminal.
    const ignored = /^SigIgn:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
    assert.equal((BigInt(`0x${ignored}`) >> BigInt(constants.signals.SIGTSTP - 1)) & 1n, 1n);
    for (const stranger of [ownPid, 1, 0, -1]) assert.equal(addon.isStopped(stranger), false);
  });

  it('holds 64 tasks and no more, and answers in their order', async () => {
    start();
    await ready();
    const plan = optionPlan(tasksInFlightMax + 1);
    const shape = addon.kernels.find(({ name }) => name === plan.kernel)!;
    const load = new WorkerLoad(plan, { process, arena, shape, limitNs: () => 1e9, measured: () => undefined });
    const order: number[] = [];
    const outcomes = await Promise.all(
      Array.from({ length: plan.rows }, (_, row) =>
        run(load, taskOf(plan, row, row + 1)).then((outcome) => {
          order.push(row);
          return outcome;
        }),
      ),
    );
    assert.deepEqual(outcomes.pop()?.failure, new DeviceFailure('lost', 'too much waits'));
    assert.ok(outcomes.every(({ failure }) => failure === undefined));
    assert.deepEqual(
      order.filter((row) => row !== tasksInFlightMax),
      [...Array(tasksInFlightMax).keys()],
    );
    await run(load, taskOf(plan, tasksInFlightMax));
    assert.ok(expected(plan).equals(load.result().memory));
    load.release();
    assert.equal(arena.figures.usedBytes, 0);
  });

  it('refuses jobs that do not fit, and kernels that it has not', async () => {
    start();
    await ready();
    const settings = { process, arena, shape: addon.kernels[0]!, limitNs: () => 1e9, measured: () => undefined };
    assert.throws(
      () => new WorkerLoad(optionPlan(100_000), settings),
      new DeviceFailure('refused', 'its memory is in use'),
    );
    const strange = optionPlan(1, { kernel: 'no-such-kernel' });
    assert.throws(
      () => new WorkerLoad(strange, settings),
      new DeviceFailure('refused', 'it has no kernel no-such-kernel'),
    );
    assert.equal(arena.figures.usedBytes, 0);
  });

  it('ends by a task that breaks the protocol: the daemon must never send one', async () => {
    start();
    await ready();
    const place = { memory: 0, offset: 0 };
    const frame = { kernel: 99, params: { ...place, bytes: 4 }, rows: 1, begin: 0, end: 1, inputs: [], outputs: [] };
    const answer = await new Promise<Answer>((resolve) => process.submit(frame, 1e9, resolve));
    assert.ok('failure' in answer && answer.failure.kind === 'lost');
    await eventually(() => assert.equal(process.cause, 'ended with exit code 2'));
  });

  it('leaves nothing of the job before in its memory', async () => {
    start();
    await ready();
    arena.bytes.fill(0xff, 16 * 1024);
    const plan = optionPlan(10);
    const shape = addon.kernels.find(({ name }) => name === plan.kernel)!;
    const load = new WorkerLoad(plan, { process, arena, shape, limitNs: () => 1e9, measured: () => undefined });
    const { usedBytes } = arena.figures;
    assert.ok(!arena.bytes.subarray(16 * 1024, 16 * 1024 + usedBytes).includes(0xff));
    assert.ok(load.result().memory.every((byte) => byte === 0));
    load.release();
  });
});
