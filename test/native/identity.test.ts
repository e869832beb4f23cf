// The same bits on every instruction set, thread count, chunk size and compiler: the program native/test/identity_main.cc
// hashes every output of a pinned chain.
import assert from 'node:assert/strict';
import {
  Averaging,
  BarrierKind,
  connect,
  OptionModel,
  OptionType,
  Priority,
  StopReason,
  type Client,
} from '../../src/client/index.js';
import type { SimulateRequest } from '../../src/gen/acceld/v1/simulate.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { hashes } from '../support/kernel-hashes.js';
import { needs, notHere, runs } from '../support/missing.js';
import { compileKernels, compileOurKernels, compiler, link, neon, ourSets, run } from '../support/native-build.js';
import type { InstructionSet } from '../support/native-build.js';

/** The set in use and the hash of each kernel, with the instruction set forced. */
async function print(command: readonly string[], set: InstructionSet, ...words: readonly string[]) {
  const [program, ...before] = command;
  assert.ok(program);
  const environment = { ...process.env, ACCELD_FORCE_ISA: set.name };
  const { stdout } = await run(program, [...before, ...words], { env: environment });
  const [inUse, ...kernels] = stdout.trim().split(' ');
  return { set: inUse, hashes: Object.fromEntries(kernels.map((kernel) => kernel.split(':') as [string, string])) };
}

const source = 'identity_main.cc';

const splits = [
  ['1', '20011'],
  ['1', '1'],
  ['2', '1000'],
  ['7', '13'],
];

async function assertSameBits(command: readonly string[], set: InstructionSet) {
  for (const split of splits) {
    const expected = { set: set.name, hashes };
    assert.deepEqual(await print(command, set, ...split), expected, `threads and chunk: ${split.join(' ')}`);
  }
}

describe('the bits of the kernels', function () {
  this.timeout(300_000);
  let program: string;
  let objects: string[];
  let runnable: string[];

  before(async () => {
    objects = await compileOurKernels();
    program = await link(compiler, 'identity', { source, objects });
    runnable = (await run(program)).stdout.trim().split('\n');
  });

  /** A processor without an instruction set is a fact of the machine, not a missing part. */
  const requires = (context: Mocha.Context, set: InstructionSet) => {
    if (runnable.includes(set.name)) return;
    notHere(context, `the processor cannot run ${set.name}`);
  };

  for (const set of ourSets) {
    it(`are the pinned ones on ${set.name}, whatever the threads and chunks`, async function () {
      requires(this, set);
      await assertSameBits([program], set);
    });

    it(`do not depend on subnormal numbers in f32 on ${set.name}`, async function () {
      requires(this, set);
      const flushed = await print([program], set, '2', '1000', 'flush');
      for (const [kernel, hash] of Object.entries(hashes)) {
        if (kernel.endsWith('-f32')) assert.equal(flushed.hashes[kernel], hash, kernel);
      }
    });
  }

  it('are the pinned ones on neon, emulated', async function () {
    if (process.arch === 'arm64') notHere(this, 'the processor is one itself');
    needs(this, 'g++-aarch64-linux-gnu', runs('aarch64-linux-gnu-g++', '--version'));
    needs(this, 'qemu-user', runs('qemu-aarch64', '--version'));
    const cross = 'aarch64-linux-gnu-g++';
    const objects = [await compileKernels(cross, neon)];
    const emulated = await link(cross, 'identity_neon', { source, objects });
    await assertSameBits(['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', emulated], neon);
  });

  it('differ when the compiler may contract products and sums', async function () {
    const set = ourSets.find(({ name }) => name === 'x86-64-v3' || name === 'neon');
    assert.ok(set);
    requires(this, set);
    const others = objects.filter((object) => !object.includes(`kernels_${set.source}.o`));
    const contracted = await compileKernels(compiler, set, '_contracted', ['-ffp-contract=fast']);
    const program = await link(compiler, 'identity_contracted', { source, objects: [contracted, ...others] });
    const printed = await print([program], set, '1', '1000');
    for (const [kernel, hash] of Object.entries(hashes)) assert.notEqual(printed.hashes[kernel], hash, kernel);
  });

  it('are refused for an instruction set that is unknown', async () => {
    const unknown = { name: 'x86-64-v9', source: '', flags: [] };
    await assert.rejects(print([program], unknown, '1', '1000'), /ACCELD_FORCE_ISA=x86-64-v9 is not one of: /);
  });

  it('are those of the best set in a build without test hooks, which ignores ACCELD_FORCE_ISA', async () => {
    const plain = await link(compiler, 'identity_plain', { source, objects, extra: ['-UACCELD_TEST'] });
    const [worst] = ourSets;
    assert.ok(worst);
    assert.deepEqual(await print([plain], worst, '1', '1000'), { set: runnable.at(-1), hashes });
  });

  it('cannot leak between instruction sets: an object exports its table and nothing else', async () => {
    for (const object of objects) {
      const { stdout } = await run('nm', ['-g', object]);
      const defined = stdout.split('\n').filter((line) => /^[0-9a-f]+ /.test(line));
      assert.equal(defined.length, 1, stdout);
      assert.match(defined[0] ?? '', /acceld_kernels_\w+$/);
    }
  });
});

type Change = Partial<SimulateRequest>;

const fixingYears = Array.from({ length: 12 }, (_, month) => (month + 1) / 12);
const barrier = {
  kind: BarrierKind.BARRIER_KIND_UP_AND_OUT,
  barrier: 130,
  rebate: 1,
  monitoringYears: fixingYears,
};
const payoffs: Readonly<Record<string, SimulateRequest['payoff']>> = {
  european: { $case: 'european', value: {} },
  'arithmetic asian': { $case: 'asian', value: { averaging: Averaging.AVERAGING_ARITHMETIC, fixingYears } },
  'geometric asian': { $case: 'asian', value: { averaging: Averaging.AVERAGING_GEOMETRIC, fixingYears } },
  barrier: { $case: 'barrier', value: barrier },
};

const milliseconds = (count: number) => ({ seconds: 0n, nanos: count * 1_000_000 });

describe('the bits of an interrupted simulation', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    // One thread: whatever is urgent runs between two chunks of a simulation.
    daemon = await startDaemon({ config: 'cpu: { threads: 1 }' });
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  const simulate = (change: Change) =>
    client.pricing.simulate({
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      strike: 100,
      rate: 0.05,
      volatility: 0.2,
      yearsToExpiry: 1,
      greeks: true,
      seed: 20_261_128n,
      reportInterval: milliseconds(10),
      ...change,
    });
  type Message = Awaited<ReturnType<ReturnType<typeof simulate>['next']>>['value'] & object;

  const bitsOf = ({ estimate, standardError, delta, deltaStandardError, vega, vegaStandardError, paths }: Message) =>
    [estimate, standardError, delta, deltaStandardError, vega, vegaStandardError, Number(paths)] as const;

  async function last(change: Change): Promise<Message> {
    let message: Message | undefined;
    for await (message of simulate(change));
    return message!;
  }

  for (const [name, payoff] of Object.entries(payoffs)) {
    for (const antithetic of [false, true]) {
      for (const controlVariate of [false, true]) {
        const words = [name, antithetic && 'antithetic', controlVariate && 'with its control'];
        it(`are those of the paths that were reported: ${words.filter(Boolean).join(', ')}`, async () => {
          const change = { payoff, antithetic, controlVariate };
          const stopped = await last({ ...change, timeBudget: milliseconds(25) });
          assert.equal(stopped.stopReason, StopReason.STOP_REASON_TIME_BUDGET);
          assert.ok(stopped.paths > 1024 && stopped.paths % 1024 === 0);
          let seen: Message | undefined;
          // Leaving the loop cancels the call.
          for await (seen of simulate(change)) if (seen.paths > 0) break;
          assert.equal(seen?.stopReason, StopReason.STOP_REASON_UNSPECIFIED);
          for (const interrupted of [stopped, seen]) {
            const again = await last({ ...change, pathsMax: BigInt(interrupted.paths) });
            assert.deepEqual(bitsOf(again), bitsOf(interrupted));
          }
        });
      }
    }
  }

  it('are the same with urgent work between its chunks', async () => {
    const change = { payoff: payoffs['arithmetic asian'], controlVariate: true, pathsMax: 2n ** 22n };
    const undisturbed = await last(change);
    let isRunning = true;
    const between: number[] = [];
    const urgent = async (): Promise<void> => {
      while (isRunning) {
        const { receipt } = await client.pricing.priceOptions({
          execution: { priority: Priority.PRIORITY_ORDER },
          model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
          type: OptionType.OPTION_TYPE_PUT,
          spot: 100,
          strike: Float64Array.from({ length: 16_384 }, (_, row) => 50 + row / 200),
          rate: 0.05,
          volatility: 0.2,
          yearsToExpiry: 1,
        });
        if (isRunning) between.push(receipt.computeNs);
      }
    };
    const urgentEnded = urgent();
    const disturbed = await last(change).finally(() => (isRunning = false));
    await urgentEnded;
    assert.ok(between.length >= 3, `${between.length} urgent jobs ran meanwhile`);
    assert.deepEqual(bitsOf(disturbed), bitsOf(undisturbed));
  });
});
