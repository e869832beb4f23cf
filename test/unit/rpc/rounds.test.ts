// The real CPU, kernels and scheduler under a clock that a test moves: a budget ends when the test says so.
import assert from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { Admission } from '../../../src/daemon/admission/admission.js';
import { unlimited, type Allowance, type LaneState } from '../../../src/daemon/base/allowance.js';
import { CpuDevice } from '../../../src/daemon/devices/cpu-device.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { simulate } from '../../../src/daemon/operations/simulate.js';
import { FailedCall, type Rooms } from '../../../src/daemon/rpc/call.js';
import { answerInRounds } from '../../../src/daemon/rpc/rounds.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { Priority } from '../../../src/gen/acceld/v1/execution.js';
import { SimulateRequest, SimulateResponse, StopReason } from '../../../src/gen/acceld/v1/simulate.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { openTestRegions } from '../../support/regions.js';

type Change = Parameters<typeof SimulateRequest.fromPartial>[0];

const floor = new CpuDevice(loadHostAddon(), { threads: 1 });
const limits = { requestsInFlightMax: 10, bytesInFlightMax: 10_000, queuedMax: 10 };
const batch = Priority.PRIORITY_BATCH;

const allow = (state: LaneState): Allowance => ({
  ...unlimited,
  rung: 'no-batch',
  lanes: new Map([[batch, state]]),
  reasons: [{ voice: 'market', text: 'NYSE opens in 4 min' }],
});

/** A simulation of BATCH with a budget of one second. `onRound` is called with the result of each round. */
function set() {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock, [floor]);
  let onRound = (): void => undefined;
  const admission = new Admission({ perCaller: limits, daemon: limits });
  const { regions } = openTestRegions({}, clock);
  const rooms: Rooms = {
    ...{ admission, scheduler, regions, clock },
    look: () => onRound(),
    announce: () => undefined,
    draining: () => false,
  };
  const run = async (change: Change = {}, deadlineMs = Infinity): Promise<SimulateResponse> => {
    const request = SimulateRequest.fromPartial({
      execution: { priority: batch },
      type: 1,
      spot: 100,
      strike: 100,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: { $case: 'european', value: {} },
      timeBudget: { seconds: 1n, nanos: 0 },
      ...change,
    });
    const incoming = {
      caller: { name: 'uid:1', connection: 'c', pid: 1, isOperator: true },
      bytes: SimulateRequest.encode(request).finish(),
      requestId: 'mine',
      deadlineMs: clock.wallMs() + deadlineMs,
      cancellation: () => new AbortController().signal,
      onClosed: (act: () => void) => act(),
    };
    const messages: SimulateResponse[] = [];
    await answerInRounds(simulate, incoming, rooms, (bytes) => messages.push(SimulateResponse.decode(bytes)) > 0);
    return messages.at(-1)!;
  };
  const lane = scheduler.lanes[2]!;
  const waits = (count: number) => eventually(() => assert.equal(lane.queued, count));
  /** Resolves once policy has put the lane into a state, with the result of the first round. */
  const putAtFirstRound = (state: LaneState) =>
    new Promise<void>((resolve) => {
      onRound = () => {
        onRound = () => undefined;
        scheduler.obey(allow(state));
        resolve();
      };
    });
  const isIdle = () => lane.queued === 0 && lane.running === 0;
  return { clock, scheduler, run, waits, putAtFirstRound, isIdle };
}

async function faultOf(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FailedCall, String(error));
  return error.fault;
}

describe('rounds', () => {
  after(() => floor.close());

  it('held in the middle, end with the budget, what they have, and the reason', async () => {
    const { clock, scheduler, run, waits, putAtFirstRound, isIdle } = set();
    const held = putAtFirstRound('held');
    const running = run();
    await held;
    await waits(2);
    clock.advanceMs(1010);
    const { estimate, standardError, paths, stopReason, receipt } = await running;
    assert.equal(stopReason, StopReason.STOP_REASON_ALLOWANCE);
    assert.equal(receipt?.allowance, 'no-batch');
    assert.ok(paths > 0 && paths % 1024 === 0);
    await eventually(() => assert.ok(isIdle()));
    scheduler.obey(unlimited);
    const again = await run({ pathsMax: BigInt(paths) });
    assert.deepEqual([again.estimate, again.standardError, again.paths], [estimate, standardError, paths]);
  });

  it('held before the first path, fail at the end of the budget with the hold, its reason and a hint', async () => {
    for (const [controlVariate, count] of [
      [false, 2],
      // The mean of the control comes first.
      [true, 1],
    ] as const) {
      const { clock, scheduler, run, waits, isIdle } = set();
      scheduler.obey(allow('held'));
      const failed = faultOf(
        run({ controlVariate, payoff: { $case: 'asian', value: { averaging: 1, fixingYears: [1] } } }),
      );
      await waits(count);
      clock.advanceMs(1009);
      await waits(count);
      clock.advanceMs(1);
      const { code, message, retryAfterMs, receipt } = await failed;
      assert.deepEqual([code, retryAfterMs, receipt?.allowance], ['ALLOWANCE_CLOSED', 5000, 'no-batch']);
      assert.match(message, /before the first round: BATCH work is held: NYSE opens in 4 min/);
      assert.ok(isIdle());
    }
  });

  it('held without a budget, end early enough before the deadline', async () => {
    const { clock, scheduler, run, waits, putAtFirstRound } = set();
    scheduler.obey(allow('held'));
    const failed = faultOf(run({ timeBudget: undefined }, 1000));
    await waits(2);
    clock.advanceMs(950);
    assert.equal((await failed).code, 'ALLOWANCE_CLOSED');
    scheduler.obey(unlimited);
    const held = putAtFirstRound('held');
    const running = run({ timeBudget: undefined }, 1000);
    await held;
    await waits(2);
    clock.advanceMs(950);
    assert.equal((await running).stopReason, StopReason.STOP_REASON_ALLOWANCE);
  });

  it('held under a deadline that leaves no time at all, fail at once', async () => {
    const { clock, scheduler, run, waits } = set();
    scheduler.obey(allow('held'));
    const failed = faultOf(run({}, 15));
    await waits(2);
    clock.advanceMs(0);
    assert.equal((await failed).code, 'ALLOWANCE_CLOSED');
  });

  it('held for a while, go on', async () => {
    const { clock, scheduler, run, waits } = set();
    scheduler.obey(allow('held'));
    const running = run({ pathsMax: 2048n });
    await waits(1);
    clock.advanceMs(900);
    scheduler.obey(unlimited);
    const { paths, stopReason } = await running;
    assert.deepEqual([paths, stopReason], [2048, StopReason.STOP_REASON_PATHS]);
  });

  it('refused in the middle, end with what they have; refused before, fail', async () => {
    const { run, putAtFirstRound, isIdle } = set();
    void putAtFirstRound('closed');
    const { paths, stopReason } = await run();
    assert.equal(stopReason, StopReason.STOP_REASON_ALLOWANCE);
    assert.ok(paths > 0);
    await eventually(() => assert.ok(isIdle()));
    assert.equal((await faultOf(run())).code, 'ALLOWANCE_CLOSED');
  });

  it('wait for a first round that takes longer than the budget', async () => {
    const { clock, run } = set();
    const running = run();
    clock.advanceMs(1010);
    const { paths, stopReason } = await running;
    assert.equal(stopReason, StopReason.STOP_REASON_TIME_BUDGET);
    assert.ok(paths > 0);
  });
});
