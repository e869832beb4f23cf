// Everything that a worker can do wrong: its tasks fail in the way that is due, nobody else is harmed, and the next
// worker serves.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { Precision } from '../../../src/gen/acceld/v1/execution.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import type { FailureKind } from '../../../src/daemon/devices/device.js';
import { goldenPlans } from '../../../src/daemon/operations/index.js';
import { eventually } from '../../support/eventually.js';
import { regionPlan } from '../../support/region-plan.js';
import { needs } from '../../support/missing.js';
import {
  compileForGpu,
  compute,
  expected,
  isUp,
  openWorker,
  run,
  taskOf,
  type OpenWorker,
} from '../../support/worker.js';

interface Case {
  readonly fault: string;
  /** What the first of two tasks is told, and the second. */
  readonly told: readonly [FailureKind | undefined, FailureKind | undefined];
  /** Of the worker's end, where it ends. */
  readonly cause?: RegExp;
}

const cases: readonly Case[] = [
  { fault: 'memory', told: ['refused', undefined] },
  { fault: 'execution', told: ['refused', undefined] },
  { fault: 'slow:50', told: [undefined, undefined] },
  { fault: 'sticky', told: ['died', 'lost'], cause: /^failed for good: the device is lost$/ },
  { fault: 'hang', told: ['died', 'lost'], cause: /^hung for \d+\.\d\d s$/ },
  { fault: 'stop', told: ['died', 'lost'], cause: /^was stopped by a signal$/ },
  // Its notice comes although its socket is open, as it does while the memory of a killed worker is taken down.
  { fault: 'thread-end', told: ['died', 'lost'], cause: process.platform === 'linux' ? /^died of SIGKILL$/ : /^hung/ },
  { fault: 'crash-before', told: ['died', 'lost'], cause: /^died of (signal 11|SIGSEGV)$/ },
  { fault: 'crash-during', told: ['died', 'lost'], cause: /^died of (signal 11|SIGSEGV)$/ },
  { fault: 'crash-after', told: ['died', 'lost'], cause: /^died of (signal 11|SIGSEGV)$/ },
  { fault: 'signal-before', told: ['died', 'lost'], cause: /^died of (signal 11|SIGSEGV)$/ },
  { fault: 'kill-before', told: ['died', 'lost'], cause: /^died of SIGKILL$/ },
  { fault: 'crash-answered', told: [undefined, 'lost'], cause: /^died of (signal 11|SIGSEGV)$/ },
  { fault: 'out-of-memory', told: ['died', 'lost'], cause: /^died of (signal 6|SIGABRT)$/ },
  { fault: 'close', told: ['died', 'lost'], cause: /^died of SIGKILL$|^ended with exit code/ },
  { fault: 'garbage-bytes', told: ['died', 'lost'], cause: /^broke the protocol: a frame of \d+ bytes$/ },
  { fault: 'garbage-length', told: ['died', 'lost'], cause: /^broke the protocol: a frame of 2147483647 bytes$/ },
  { fault: 'garbage-empty', told: ['died', 'lost'], cause: /^broke the protocol: a frame of 0 bytes$/ },
  { fault: 'garbage-kind', told: ['died', 'lost'], cause: /^broke the protocol: a frame of the unknown kind 99$/ },
  { fault: 'garbage-token', told: ['died', 'lost'], cause: /^broke the protocol: done out of turn$/ },
  { fault: 'garbage-order', told: ['died', 'lost'], cause: /^broke the protocol: ready out of turn$/ },
];

const devices = ['cpu', 'gpu'] as const;
type DeviceRole = (typeof devices)[number];

async function withWorker(
  of: { device: DeviceRole; fault: string },
  act: (worker: OpenWorker) => Promise<void>,
): Promise<void> {
  const worker = await openWorker({ device: of.device }, of.fault);
  try {
    await act(worker);
  } finally {
    await worker.close();
  }
}

/** A job of each kernel, of the CPU's those that no GPU has; and one on columns in a region. */
const plansOf = (device: DeviceRole): readonly (readonly [name: string, plan: Plan])[] => {
  const plans = new Map(goldenPlans().map((plan) => [plan.kernel, plan]));
  const own = [...plans].filter(([kernel]) => kernel.endsWith('-f32') === (device === 'gpu'));
  const shared = regionPlan(3000, device === 'gpu' ? Precision.PRECISION_F32 : Precision.PRECISION_F64);
  return [...own, [`${shared.kernel} on a region`, shared]];
};

async function runsAgain(worker: OpenWorker, plan: Plan): Promise<void> {
  await isUp(worker);
  const { outcome, bytes } = await compute(worker.device, plan);
  assert.equal(outcome.failure, undefined);
  assert.ok(expected(plan).equals(bytes));
  await eventually(() => assert.equal(worker.device.memory!.usedBytes, 0));
}

async function fails(worker: OpenWorker, plan: Plan, { cause, told }: Case): Promise<void> {
  await isUp(worker);
  worker.setFault('');
  const load = worker.device.load(plan);
  const outcomes = await Promise.all([run(load, taskOf(plan)), run(load, taskOf(plan))]);
  load.release();
  assert.deepEqual(
    outcomes.map(({ failure }) => failure?.kind),
    told,
  );
  if (!cause) return;
  const died = await eventually(() => worker.events.find((event) => event.kind === 'worker-died') ?? assert.fail());
  assert.match(died.cause, cause);
  // A task on columns in a region may not have reached the worker yet.
  const lostMin = plan.guard ? 0 : 1;
  assert.equal(died.accused, told[0] === 'died' ? 1 : 0);
  assert.ok(died.lost >= lostMin && died.lost <= 1, `${died.lost} lost`);
}

for (const device of devices) {
  describe(`a ${device} worker that does wrong`, function () {
    this.timeout(90_000);
    before(async function () {
      if (device === 'gpu') needs(this, 'an OpenCL device (pocl-opencl-icd)', await compileForGpu());
    });

    for (const [name, plan] of plansOf(device)) {
      for (const one of cases) {
        it(`${name}: ${one.fault}`, () =>
          withWorker({ device, fault: one.fault }, async (worker) => {
            await fails(worker, plan, one);
            await runsAgain(worker, plan);
          }));
      }

      it(`${name}: wrong; the bits show it, and nothing else does`, () =>
        withWorker({ device, fault: 'wrong' }, async (worker) => {
          await isUp(worker);
          const { outcome, bytes } = await compute(worker.device, plan);
          assert.equal(outcome.failure, undefined);
          assert.ok(!expected(plan).equals(bytes));
          await runsAgain(worker, plan);
        }));
    }
  });
}

describe('a worker that does wrong at its start', () => {
  it('absent: the device is down, which is said once, and comes back when it is there', () =>
    withWorker({ device: 'cpu', fault: 'absent' }, async (worker) => {
      await eventually(() => assert.deepEqual(worker.device.state, { up: false, reason: 'down: no device today' }));
      assert.deepEqual(worker.events, [{ kind: 'worker-down', device: 'cpu', reason: 'no device today' }]);
    }));

  for (const [fault, reason] of [
    ['compile', 'down: no kernel is ready: no compiler today'],
    ['attach', 'down: the device takes no memory: no memory today'],
  ] as const) {
    it(`${fault}: the device is down`, () =>
      withWorker({ device: 'cpu', fault }, async (worker) => {
        await eventually(() => assert.equal(worker.device.state.reason, reason));
        assert.equal(worker.device.state.up, false);
      }));
  }

  it('crash-start: the device is down after five starts, each later than the one before', () =>
    withWorker({ device: 'cpu', fault: 'crash-start' }, async (worker) => {
      await eventually(() => assert.equal(worker.device.state.reason, 'down: died of SIGSEGV'));
      const kinds = worker.events.map(({ kind }) => kind);
      assert.deepEqual(kinds, [...Array<string>(5).fill('worker-died'), 'worker-down']);
    }));
});
