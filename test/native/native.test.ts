// Every program native/test/*_test.cc under the sanitizers, with the code that it tests built for them as well.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { needs, runs } from '../support/missing.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const isMac = process.platform === 'darwin';
const compiler = process.env['CXX'] ?? (isMac ? 'c++' : 'g++');

/** Those of the addon but for -O1: a sanitizer sees more where less was optimised away. */
const flags = '-std=c++17 -O1 -g -fno-omit-frame-pointer -ffp-contract=off -pthread -Wall -Wextra -Werror'.split(' ');

const sanitizers = {
  'ASan and UBSan': { name: 'address', flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'] },
  TSan: { name: 'thread', flags: ['-fsanitize=thread'] },
} as const;

/** One translation unit with the flags of its instruction set, as in binding.gyp. */
const kernelUnits: readonly (readonly [source: string, ...flags: string[]])[] =
  process.arch === 'arm64'
    ? [['native/backends/cpu/kernels_neon.cc']]
    : [
        ['native/backends/cpu/kernels_base.cc'],
        ['native/backends/cpu/kernels_v3.cc', '-march=x86-64-v3'],
        ['native/backends/cpu/kernels_v4.cc', '-march=x86-64-v4'],
      ];
const testedUnits: typeof kernelUnits = [
  ...kernelUnits,
  ['native/backends/cpu/dispatch.cc'],
  ['native/host/guard.cc'],
  ['native/host/transit.cc'],
  ['native/host/pool.cc'],
  ...['entry', 'plan', 'seal'].map((name) => [`native/backends/gpu/${name}.cc`] as const),
  ['native/backends/metal/command_fault.cc'],
  ['native/backends/opencl/api.cc'],
  ['native/backends/opencl/text.cc', '-Ibuild/generated'],
  [`native/host/platform_${isMac ? 'darwin' : 'linux'}.cc`],
  ...['cpu_engine', 'faults_none', 'link', 'memories', 'serve', 'store', 'task'].map(
    (name) => [`native/worker/${name}.cc`] as const,
  ),
];

const programs = readdirSync(join(root, 'native/test'))
  .filter((name) => name.endsWith('_test.cc'))
  .map((name) => name.replace(/\.cc$/, ''));

/** A program that hangs is a finding, and must not outlive the test. */
const programMsMax = 240_000;

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end, with everything that it printed. */
function runToEnd(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Ended {
  const [program, ...args] = command;
  const options = { cwd: root, encoding: 'utf8', timeout: programMsMax, maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout, stderr } = spawnSync(program!, args, { ...options, env: { ...process.env, ...environment } });
  return { status, output: `${stdout}${stderr}` };
}

/** Compiles units into `folder`, two at a time because one of the kernels takes a gigabyte. */
async function compile(units: typeof kernelUnits, folder: string, extra: readonly string[]): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const left = [...units];
  const worker = async (): Promise<void> => {
    for (let unit = left.shift(); unit !== undefined; unit = left.shift()) {
      const [source, ...own] = unit;
      await run(compiler, [...flags, ...extra, ...own, '-c', source, '-o', objectOf(folder, source)], { cwd: root });
    }
  };
  await Promise.all([worker(), worker()]);
  return units.map(([source]) => objectOf(folder, source));
}

const objectOf = (folder: string, source: string): string => join(folder, `${source.replaceAll('/', '_')}.o`);

for (const [title, sanitizer] of Object.entries(sanitizers)) {
  describe(`native programs under ${title}`, function () {
    this.timeout(600_000);
    const folder = join(root, 'native/build', sanitizer.name);
    let objects: string[];

    before(async function () {
      needs(this, 'C++ compiler', runs(compiler, '--version'));
      objects = await compile(testedUnits, folder, sanitizer.flags);
    });

    for (const name of programs) {
      it(name, async () => {
        const program = join(folder, name);
        const source = `native/test/${name}.cc`;
        await run(compiler, [...flags, ...sanitizer.flags, source, ...objects, '-o', program], { cwd: root });
        const { status, output } = runToEnd([program]);
        const failures = output.split('\n').filter((line) => line.startsWith('not ok'));
        assert.ok(failures.length === 0 && status === 0, failures.join('\n') || output);
        assert.match(output, /^ok /m, 'the program tested nothing');
      });
    }
  });
}

// On macOS the system keeps an inserted sanitizer away from Node.
if (!isMac) {
  describe('the addon in Node under ASan and UBSan', function () {
    this.timeout(600_000);
    const folder = join(root, 'native/build/addon');
    const { flags: instrumented } = sanitizers['ASan and UBSan'];
    /** Loaded before Node, which is not instrumented; libstdc++ with them, because they look for its exceptions then. */
    const libraries = ['libasan.so', 'libubsan.so', 'libstdc++.so'].map((name) =>
      spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim() ?? '',
    );

    before(async function () {
      needs(this, 'GCC with its sanitizers', libraries.every(isAbsolute));
      const names = readdirSync(join(root, 'native/host')).filter((name) => /(?<!_darwin)\.cc$/.test(name));
      const units = [...kernelUnits, ...['native/backends/cpu/dispatch.cc', ...names.map((name) => `native/host/${name}`)].map((source) => [source] as const)];
      const addonFlags = ['-fPIC', '-fvisibility=hidden', ...nodeFlags()];
      const objects = await compile(units, folder, [...instrumented, ...addonFlags]);
      await run(compiler, [...instrumented, '-pthread', '-shared', ...objects, '-o', join(folder, 'host.node')]);
    });

    for (const name of ['host-addon', 'host-pool', 'host-memory']) {
      it(`test/unit/devices/${name}.test.ts`, () => {
        const mocha = [process.execPath, 'node_modules/mocha/bin/mocha.js', '--timeout', '100000'];
        const { status, output } = runToEnd([...mocha, `test/unit/devices/${name}.test.ts`], {
          ACCELD_TEST_BUILDS: folder,
          LD_PRELOAD: libraries.join(' '),
          // What Node itself does not free at its end.
          ASAN_OPTIONS: 'detect_leaks=0',
        });
        assert.equal(status, 0, output);
        assert.match(output, /\d+ passing/);
      });
    }
  });
}

/** Of binding.gyp, with the headers that the real build found. */
function nodeFlags(): string[] {
  const [, ...lines] = readFileSync(join(root, 'build/config.gypi'), 'utf8').split('\n');
  const { variables } = JSON.parse(lines.join('\n')) as { variables: { nodedir: string } };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const defines = ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_GYP_MODULE_NAME=host', `ACCELD_VERSION="${version}"`];
  const includes = [join(variables.nodedir, 'include/node'), 'node_modules/node-addon-api'];
  return [...defines.map((define) => `-D${define}`), '-DACCELD_KERNEL_DIGEST="0123456789abcdef"', ...includes.flatMap((path) => ['-isystem', path])];
}
