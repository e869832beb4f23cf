// The kernels on the machine's GPU: OpenCL on Linux (PoCL where there is no real one), Metal on a Mac.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeGpuText } from '../../scripts/gpu-text.mjs';
import { hashes } from '../support/kernel-hashes.js';
import { needs, notHere } from '../support/missing.js';
import { build, compileOurKernels, compiler, flags, link, root, run } from '../support/native-build.js';

const isMac = process.platform === 'darwin';
const language = isMac ? 'metal' : 'opencl';
const frameworks = ['Foundation', 'CoreGraphics', 'Metal'].flatMap((name) => ['-framework', name]);
const libraries = isMac ? frameworks : ['-ldl'];
const sanitized = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const arc = isMac ? ['-fobjc-arc', '-fobjc-arc-exceptions'] : [];
const sources = ['gpu', language].flatMap((backend) =>
  readdirSync(join(root, 'native/backends', backend))
    .filter((name) => /\.(cc|mm)$/.test(name))
    .map((name) => `native/backends/${backend}/${name}`),
);
const textSource = `native/backends/${language}/text.cc`;

/** With the text of the kernels that lies in `folder`. */
async function compile(source: string, folder: string, suffix: string, extra: readonly string[] = []) {
  const object = join(build, `${source.replaceAll('/', '_')}${suffix}.o`);
  await run(compiler, [...flags, ...arc, ...extra, '-I', folder, '-c', join(root, source), '-o', object]);
  return object;
}

const fp32 = Object.fromEntries(Object.entries(hashes).filter(([kernel]) => kernel.endsWith('-f32')));

describe('the kernels on the GPU', function () {
  this.timeout(600_000);
  let work: string;
  let kernels: string[];
  let backend: string[];
  let program: string;
  let environment: NodeJS.ProcessEnv;

  const folder = (name: string): string => {
    mkdirSync(join(work, name), { recursive: true });
    return join(work, name);
  };

  /** NAME:HASH lines as an object. */
  async function print(command: string, ...words: readonly string[]): Promise<Record<string, string>> {
    const { stdout } = await run(command, words, { env: environment });
    const [, ...lines] = stdout.trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(':') as [string, string]));
  }

  before(async function () {
    work = mkdtempSync(join(tmpdir(), 'acceld-gpu-'));
    environment = { ...process.env, POCL_CACHE_DIR: folder('cache') };
    writeGpuText(language, folder('text'));
    kernels = await compileOurKernels();
    backend = await Promise.all(sources.map((source) => compile(source, folder('text'), '')));
    const objects = [...kernels, ...backend];
    program = await link(compiler, 'gpu_identity', { source: 'gpu_identity_main.cc', objects, libraries });
    const reason = await run(program, [], { env: environment }).then(
      () => '',
      (error: { stderr: string }) => error.stderr.trim(),
    );
    // A hosted Mac has a GPU that is not one; elsewhere PoCL can always be installed.
    if (isMac && reason !== '') notHere(this, reason);
    needs(this, `pocl-opencl-icd (${reason})`, reason === '');
  });

  after(() => rmSync(work, { recursive: true }));

  const splits = [
    ['attached', '20011', '0'],
    ['attached', '1000', '1'],
    ['attached', '77', '6'],
    ['copied', '20011', '0'],
    ['copied', '333', '0'],
  ];
  it('give the bits of the CPU, whatever the chunks and wherever the columns lie', async () => {
    for (const split of splits) assert.deepEqual(await print(program, ...split, folder('binaries')), fp32, split.join(" "));
  });

  /** The hashes of a build whose text differs. */
  async function printChanged(name: string, from: RegExp, to: string): Promise<Record<string, string>> {
    writeGpuText(language, folder(name), (text) => {
      assert.match(text, from);
      return text.replace(from, to);
    });
    const text = await compile(textSource, folder(name), `_${name}`);
    const objects = [...kernels, ...backend.filter((_, place) => sources[place] !== textSource), text];
    const parts = { source: 'gpu_identity_main.cc', objects, libraries };
    const changed = await link(compiler, `gpu_identity_${name}`, parts);
    return print(changed, 'attached', '20011', '0', folder(`binaries_${name}`));
  }

  it('would give others if the driver contracted products and sums', async () => {
    const pragma = /#pragma (OPENCL FP_CONTRACT OFF|METAL fp contract\(off\))/;
    const printed = await printChanged('contracted', pragma, '#pragma clang fp contract(fast)');
    // In simulate LLVM finds no product that is only added.
    assert.notEqual(printed['price-options-f32'], hashes['price-options-f32']);
  });

  it('would give others if the driver rounded a fused product twice', async () => {
    const printed = await printChanged('unfused', /#define FUSED.*/, '#define FUSED(a, b, c) ((a) * (b) + (c))');
    assert.deepEqual(Object.keys(printed), Object.keys(fp32));
    for (const [kernel, hash] of Object.entries(printed)) assert.notEqual(hash, hashes[kernel], kernel);
  });

  it('keep what native/device/gpu.h promises, under ASan and UBSan', async () => {
    const compiled = sources.map((source) => compile(source, folder('text'), '_sanitized', sanitized));
    const objects = [...kernels, ...(await Promise.all(compiled))];
    const contract = await link(compiler, 'gpu_contract', {
      source: 'gpu_contract_main.cc',
      objects,
      libraries,
      extra: sanitized,
    });
    // The program looks at what a driver does to the handlers of crash signals. Drivers leak.
    const options = ['detect_leaks=0', ...['segv', 'sigfpe', 'sigill', 'abort'].map((name) => `handle_${name}=0`)];
    const { stdout } = await run(contract, [folder('fresh')], {
      env: { ...environment, ASAN_OPTIONS: options.join(':') },
    }).catch((error: { stdout: string; stderr: string }) => assert.fail(`${error.stdout}${error.stderr}`));
    assert.match(stdout, /^ok /m);
    assert.doesNotMatch(stdout, /^not ok/m);
  });

  it('are absent, with a reason, where no driver is installed', async function () {
    if (isMac) notHere(this, 'Metal is a part of the system');
    const noDrivers = { ...environment, OCL_ICD_VENDORS: folder('nothing') };
    await assert.rejects(run(program, [], { env: noDrivers }), /opencl: .*no OpenCL driver is installed/);
  });
});
