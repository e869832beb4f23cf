import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Precision, type Receipt } from '../../../src/gen/acceld/v1/execution.js';
import { OptionType } from '../../../src/gen/acceld/v1/option.js';
import { Averaging, BarrierKind, SimulateRequest, StopReason } from '../../../src/gen/acceld/v1/simulate.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { addBlocks, controlled, estimateOf, noSums, sumCount } from '../../../src/daemon/operations/estimate.js';
import { controlForm, packParams, stepTimes, withFirstBlock } from '../../../src/daemon/operations/monte-carlo.js';
import { simulate } from '../../../src/daemon/operations/simulate.js';
import { parseSimulation } from '../../../src/daemon/operations/simulation-request.js';

type Change = Parameters<typeof SimulateRequest.fromPartial>[0];

const request = (change: Change = {}): SimulateRequest =>
  SimulateRequest.fromPartial({
    type: OptionType.OPTION_TYPE_CALL,
    spot: 100,
    strike: 110,
    rate: 0.05,
    volatility: 0.2,
    yearsToExpiry: 1,
    payoff: { $case: 'european', value: {} },
    ...change,
  });
const asian = (fixingYears: number[], averaging = Averaging.AVERAGING_ARITHMETIC): Change => ({
  payoff: { $case: 'asian', value: { averaging, fixingYears } },
});

function fields(change: Change): string[] {
  try {
    parseSimulation(request(change));
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.violations.map(({ field }) => field);
  }
  return assert.fail('the request was accepted');
}

describe('simulate', () => {
  it('names every number out of its range', () => {
    const found = fields({ type: 0, spot: Number.NaN, strike: -1, rate: 3, volatility: 20, yearsToExpiry: Infinity });
    assert.deepEqual(found.slice(0, 6), ['type', 'spot', 'strike', 'rate', 'volatility', 'years_to_expiry']);
    assert.deepEqual(fields({ rate: 1, yearsToExpiry: 100 }), ['rate']);
    assert.deepEqual(fields({ payoff: undefined }), ['payoff']);
  });

  it('wants dates that rise from 0 to the expiry, and few enough', () => {
    assert.deepEqual(fields(asian([])), ['asian.fixing_years']);
    assert.deepEqual(
      fields(asian([0.5, 0.5, 0.4, 2, -1])),
      [1, 2, 3, 4].map((index) => `asian.fixing_years[${index}]`),
    );
    assert.deepEqual(fields(asian(Array.from({ length: 100_000 }, (_, index) => index / 1e5))), ['asian.fixing_years']);
    assert.deepEqual(fields(asian([0.5], Averaging.AVERAGING_UNSPECIFIED)), ['asian.averaging']);
    assert.doesNotThrow(() => parseSimulation(request(asian([0, 0.25, 1]))));
    const rounded = parseSimulation(request({ ...asian([3 * (0.3 / 3) * (1 + 2 ** -52)]), yearsToExpiry: 0.3 }));
    assert.deepEqual(stepTimes(rounded.simulation), [0.3]);
    const barrier = { kind: BarrierKind.BARRIER_KIND_UNSPECIFIED, barrier: 0, rebate: -1, monitoringYears: [1.5] };
    const found = fields({ payoff: { $case: 'barrier', value: barrier } });
    assert.deepEqual(found, ['barrier.monitoring_years[0]', 'barrier.kind', 'barrier.barrier', 'barrier.rebate']);
  });

  it('wants bounds that can end it', () => {
    assert.deepEqual(fields({ pathsMax: 0n }), ['paths_max']);
    assert.deepEqual(fields({ pathsMax: 2n ** 63n }), ['paths_max']);
    assert.deepEqual(fields({ targetError: 0 }), ['target_error']);
    assert.deepEqual(fields({ timeBudget: { seconds: -1n, nanos: 0 } }), ['time_budget']);
    assert.deepEqual(fields({ reportInterval: { seconds: 0n, nanos: 1 } }), ['report_interval']);
    assert.deepEqual(fields({ greeks: true, volatility: 0 }), ['greeks']);
    assert.equal(parseSimulation(request({ pathsMax: 1n })).blocks, 1);
    assert.equal(parseSimulation(request({ pathsMax: 1025n })).blocks, 2);
  });

  it('refuses fp64 rather than computing in fp32', () => {
    const execution = { precision: Precision.PRECISION_F64 };
    const refused = (error: unknown) => error instanceof Fault && error.code === 'PRECISION_ABSENT';
    assert.throws(() => parseSimulation(request({ execution })), refused);
  });

  it('steps from date to date, and on to the expiry where something is read there', () => {
    const steps = (change: Change) => stepTimes(parseSimulation(request(change)).simulation);
    assert.deepEqual(steps({}), [1]);
    assert.deepEqual(steps(asian([0, 0.5])), [0, 0.5]);
    assert.deepEqual(steps({ ...asian([0, 0.5]), greeks: true }), [0, 0.5, 1]);
  });

  it('packs a block that differs between rounds in the first block alone', () => {
    const params = packParams(parseSimulation(request(asian([0.5, 1]))).simulation);
    assert.equal(params.byteLength, 80 + 2 * 36);
    const moved = withFirstBlock(params, 2 ** 33);
    assert.equal(new DataView(moved.buffer).getBigUint64(8, true), 2n ** 33n);
    moved.set(params.subarray(8, 16), 8);
    assert.deepEqual(moved, params);
    assert.equal(new DataView(params.buffer).getFloat32(32, true), 100 / 64);
  });

  it('knows the mean of a control: one fixing at expiry makes the average the underlying', () => {
    const form = controlForm(parseSimulation(request(asian([1]))).simulation)!;
    assert.ok(Math.abs(form.forward - 100 * Math.exp(0.05)) < 1e-12);
    assert.ok(Math.abs(form.volatility - 0.2) < 1e-15);
    const late = controlForm(parseSimulation(request({ ...asian([0]) })).simulation)!;
    assert.deepEqual([late.forward, late.volatility], [100, 0]);
  });

  it('stops at its target, its paths, its budget or before its deadline, and not on few paths', () => {
    const stop = (change: Change, blocks: number, { elapsedNs = 0, isDeadlineNear = false, isHeld = false } = {}) => {
      const job = simulate.parse(request(change));
      // Payoffs 0 and 2 in turn: mean 1, variance 1, in units of 64, the power of two below the spot.
      const sums = { blocks, values: Float64Array.of(blocks * 1024, blocks * 2048, 0, 0, 0, 0, 0, 0, 0) };
      const receipt = {} as Receipt;
      return simulate.report(job, { sums, controlMean: 0 }, { elapsedNs, isDeadlineNear, isHeld }, receipt).stopReason;
    };
    assert.equal(stop({ targetError: 0.3 }, 1), StopReason.STOP_REASON_UNSPECIFIED);
    assert.equal(stop({ targetError: 0.3 }, 64), StopReason.STOP_REASON_TARGET_ERROR);
    assert.equal(stop({ targetError: 1e-6, pathsMax: 65_536n }, 64), StopReason.STOP_REASON_PATHS);
    const budget = { timeBudget: { seconds: 1n, nanos: 0 } };
    assert.equal(stop(budget, 1, { elapsedNs: 1e9 }), StopReason.STOP_REASON_TIME_BUDGET);
    assert.equal(stop({}, 1, { isDeadlineNear: true }), StopReason.STOP_REASON_DEADLINE);
    const held = { elapsedNs: 1e9, isHeld: true };
    assert.equal(stop(budget, 1, held), StopReason.STOP_REASON_ALLOWANCE);
    assert.equal(stop({ pathsMax: 1024n }, 1, held), StopReason.STOP_REASON_PATHS);
  });
});

const bytesOf = (numbers: Float32Array<ArrayBuffer>) => new Uint8Array(numbers.buffer);

describe('simulate beyond fp32', () => {
  it('refuses sums that are not finite rather than reporting them', () => {
    const result = { outputs: [], memory: new Uint8Array(), notFinite: true };
    const refused = (error: unknown) => error instanceof Fault && error.code === 'PRECISION_EXCEEDED';
    assert.throws(() => simulate.absorb({ sums: noSums, controlMean: 0 }, result, 1), refused);
  });
});

describe('estimate', () => {
  const block = (value: number) =>
    Array.from({ length: 2 * sumCount }, (_, index) => bytesOf(Float32Array.of(index % 2 ? 2 ** -30 : value)));

  it('has the same sums in one round or many', () => {
    const values = Array.from({ length: 50 }, (_, index) => 1 / (index + 3));
    const together = Array.from({ length: 2 * sumCount }, (_, index) =>
      bytesOf(Float32Array.from(values, (value) => (index % 2 ? value * 1e-9 : value))),
    );
    const whole = addBlocks(noSums, together, 50);
    const split = [
      [0, 7],
      [7, 8],
      [8, 50],
    ].reduce(
      (sums, [from, to]) =>
        addBlocks(
          sums,
          together.map((column) => column.slice(4 * from!, 4 * to!)),
          to! - from!,
        ),
      noSums,
    );
    assert.deepEqual(split, whole);
    assert.equal(addBlocks(noSums, block(1), 1).values[0], 1 + 2 ** -30);
  });

  it('gives the standard error of the mean', () => {
    const { mean, standardError } = estimateOf(10, 20, 10);
    assert.equal(mean, 1);
    assert.ok(Math.abs(standardError - 1 / 3) < 1e-15);
    assert.equal(estimateOf(10, 10, 10).standardError, 0);
  });

  it('takes out what a control explains, and nothing when it does not vary', () => {
    // x = 3 c exactly, c = 0 or 2.
    const sums = { blocks: 1, values: Float64Array.of(3072, 18_432, 1024, 2048, 6144, 0, 0, 0, 0) };
    const exact = controlled(sums, 1024, 1.5);
    assert.ok(Math.abs(exact.mean - 4.5) < 1e-12);
    assert.ok(exact.standardError < 1e-7);
    const flat = { blocks: 1, values: Float64Array.of(1024, 2048, 1024, 1024, 1024, 0, 0, 0, 0) };
    assert.equal(controlled(flat, 1024, 7).mean, 1);
  });
});
