// The same bits on every instruction set, thread count, chunk size and compiler: the program native/test/identity_main.cc
// hashes every output of a pinned chain.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needs, runs } from '../support/missing.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const build = join(root, 'native/build');
const compiler = process.env['CXX'] ?? (process.platform === 'darwin' ? 'c++' : 'g++');
const flags = ['-std=c++17', '-O3', '-ffp-contract=off', '-fno-math-errno', '-pthread', '-Wall', '-Wextra', '-Werror'];

/** They change only when a kernel changes, and then on every machine. */
const hashes: Readonly<Record<string, string>> = {
  'price-options-f64': 'cfd32b3b01cfe25d',
  'implied-volatility-f64': 'ad6ca4caba59f039',
  'price-options-f32': '9fc9ac468eea222b',
  'simulate-f32': '6d12d4a7d27c955a',
};

interface InstructionSet {
  readonly name: string;
  readonly source: string;
  readonly flags: readonly string[];
}

const x64: readonly InstructionSet[] = [
  { name: 'x86-64', source: 'base', flags: [] },
  { name: 'x86-64-v3', source: 'v3', flags: ['-march=x86-64-v3'] },
  { name: 'x86-64-v4', source: 'v4', flags: ['-march=x86-64-v4'] },
];
const arm64: readonly InstructionSet[] = [{ name: 'neon', source: 'neon', flags: [] }];
const ours = process.arch === 'arm64' ? arm64 : x64;

async function compileKernels(command: string, set: InstructionSet, suffix = '', extra: readonly string[] = []) {
  const object = join(build, `kernels_${set.source}${suffix}.o`);
  const source = join(root, `native/backends/cpu/kernels_${set.source}.cc`);
  await run(command, [...flags, ...set.flags, ...extra, '-c', source, '-o', object]);
  return object;
}

async function link(command: string, name: string, objects: readonly string[], extra: readonly string[] = []) {
  const program = join(build, name);
  const sources = ['native/test/identity_main.cc', 'native/backends/cpu/dispatch.cc'].map((file) => join(root, file));
  await run(command, [...flags, '-DACCELD_TEST', ...extra, ...sources, ...objects, '-o', program]);
  return program;
}

/** The set in use and the hash of each kernel, with the instruction set forced. */
async function print(command: readonly string[], set: InstructionSet, ...words: readonly string[]) {
  const [program, ...before] = command;
  assert.ok(program);
  const environment = { ...process.env, ACCELD_FORCE_ISA: set.name };
  const { stdout } = await run(program, [...before, ...words], { env: environment });
  const [inUse, ...kernels] = stdout.trim().split(' ');
  return { set: inUse, hashes: Object.fromEntries(kernels.map((kernel) => kernel.split(':') as [string, string])) };
}

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
    mkdirSync(build, { recursive: true });
    objects = await Promise.all(ours.map((set) => compileKernels(compiler, set)));
    program = await link(compiler, 'identity', objects);
    runnable = (await run(program)).stdout.trim().split('\n');
  });

  /** A processor without an instruction set is a fact of the machine, not a missing part. */
  const requires = (context: Mocha.Context, set: InstructionSet) => {
    if (runnable.includes(set.name)) return;
    console.error(`      this processor cannot run ${set.name}`);
    context.skip();
  };

  for (const set of ours) {
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
    if (process.arch === 'arm64') this.skip();
    needs(this, 'g++-aarch64-linux-gnu', runs('aarch64-linux-gnu-g++', '--version'));
    needs(this, 'qemu-user', runs('qemu-aarch64', '--version'));
    const [neon] = arm64;
    assert.ok(neon);
    const cross = 'aarch64-linux-gnu-g++';
    const emulated = await link(cross, 'identity_neon', [await compileKernels(cross, neon)]);
    await assertSameBits(['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', emulated], neon);
  });

  it('differ when the compiler may contract products and sums', async function () {
    const set = ours.find(({ name }) => name === 'x86-64-v3' || name === 'neon');
    assert.ok(set);
    requires(this, set);
    const others = objects.filter((object) => !object.includes(`kernels_${set.source}.o`));
    const contracted = await compileKernels(compiler, set, '_contracted', ['-ffp-contract=fast']);
    const program = await link(compiler, 'identity_contracted', [contracted, ...others]);
    const printed = await print([program], set, '1', '1000');
    for (const [kernel, hash] of Object.entries(hashes)) assert.notEqual(printed.hashes[kernel], hash, kernel);
  });

  it('are refused for an instruction set that is unknown', async () => {
    const unknown = { name: 'x86-64-v9', source: '', flags: [] };
    await assert.rejects(print([program], unknown, '1', '1000'), /ACCELD_FORCE_ISA=x86-64-v9 is not one of: /);
  });

  it('are those of the best set in a build without test hooks, which ignores ACCELD_FORCE_ISA', async () => {
    const plain = await link(compiler, 'identity_plain', objects, ['-UACCELD_TEST']);
    const [worst] = ours;
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
