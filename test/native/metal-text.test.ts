// The Metal text, by Metal's own compiler on a Mac. Elsewhere by clang, whose mode of C++ for OpenCL knows address spaces
// and gets Metal's words from test/fixtures/metal/metal_stdlib; what it lets pass and Metal does not, is looked for here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gpuTexts, paste } from '../../scripts/gpu-text.mjs';
import { needs, runs } from '../support/missing.js';
import { root, run } from '../support/native-build.js';

const versions = ['', ...Array.from({ length: 8 }, (_, i) => `-${21 - i}`)];
const clang = versions.map((version) => `clang${version}`).find((command) => runs(command, '--version'));

const absent = [
  '-__opencl_c_fp64',
  '-cl_khr_fp64',
  '-__opencl_c_program_scope_global_variables',
  '-__opencl_c_device_enqueue',
];
const isMac = process.platform === 'darwin';
const shimmed = [
  ...['-x', 'clcpp', '-cl-std=clc++2021', '-target', 'spir64', '-cl-no-stdinc', '-fsyntax-only'],
  ...['-Xclang', `-cl-ext=${absent.join(',')}`, '-D__METAL_VERSION__=310', `-I${root}/test/fixtures/metal`],
  ...['-Wall', '-Wextra', '-Werror', '-Wdouble-promotion', '-Wno-unused-function', '-Wno-unused-parameter'],
  // Metal's own.
  ...['-Wno-unknown-attributes', '-Wno-ignored-attributes', '-Wno-unknown-pragmas'],
];

const compile = isMac
  ? ['xcrun', '-sdk', 'macosx', 'metal', '-std=metal3.1', '-fno-fast-math', '-Werror', '-c', '-o', '/dev/null']
  : [clang ?? 'clang', ...shimmed];

/** Each chooses one kernel: those of the list in fp32, and simulate. */
const list = readFileSync(join(root, 'native/kernels/kernel_list.h'), 'utf8');
const [, listOfFp32 = ''] = list.split('#else\n#define FOR_EACH_KERNEL');
const rowKernels = [...listOfFp32.matchAll(/KERNEL\((\w+), "/g)].map(([, name]) => name);
const macros = [...rowKernels.map((name) => `ACCELD_ROWS=${name}`), 'ACCELD_SIMULATE=1'];

/** A type with its star or ampersand, as clang-format writes declarations and casts; a product has spaces around. */
const pointers = /(?<=[(,;{]\s*)[^(),;{}]*\w(?:[*&] ?(?=\w)| [*&](?=\w)|[*&]\))/g;

/** What the compiler let pass in the text after the preprocessor. */
function complaints(text: string): string[] {
  const isPlaced = (declaration: string) => /\b(device|constant|threadgroup|thread)\b/.test(declaration);
  const lost = [...text.matchAll(pointers)].filter(([declaration]) => !isPlaced(declaration));
  const wide = [...text.matchAll(/(?<![\w.])(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])/gi)];
  const alien = [...text.matchAll(/\b(?:double|goto|virtual|throw|try|new|delete|printf|half)\b/g)];
  return [
    ...lost.map(([match]) => `pointer without address space: ${match}`),
    ...wide.map(([match]) => `literal without f: ${match}`),
    ...alien.map(([match]) => `not in our part of Metal: ${match}`),
  ];
}

describe('the Metal text', function () {
  this.timeout(60_000);
  let work: string;

  before(function () {
    needs(this, 'clang', clang !== undefined);
    if (isMac) needs(this, 'the Metal compiler of Xcode', runs('xcrun', '-sdk', 'macosx', 'metal', '--version'));
    work = mkdtempSync(join(tmpdir(), 'acceld-metal-'));
  });

  after(() => {
    if (work !== undefined) rmSync(work, { recursive: true });
  });

  /** What is wrong with a text, or ''. */
  async function judge(text: string, macro: string): Promise<string> {
    const file = join(work, 'kernels.metal');
    writeFileSync(file, text);
    const [program, ...options] = compile;
    const ended = run(program!, [...options, `-D${macro}`, file]);
    const compiled = await ended.catch((error: { stderr: string }) => error);
    if (compiled.stderr !== '') return compiled.stderr;
    // Without the shim, whose words would be replaced.
    const bare = text.replace('#include <metal_stdlib>', '');
    writeFileSync(file, bare);
    const expand = ['-E', '-P', '-x', 'c++', '-D__METAL_VERSION__=310', `-D${macro}`, file];
    const { stdout } = await run(clang!, expand);
    return complaints(stdout).join('\n');
  }

  const text = paste(gpuTexts.metal);
  for (const macro of macros) {
    it(`compiles with ${macro}`, async () => assert.equal(await judge(text, macro), ''));
  }

  it('has the kernels of the list', () => assert.ok(rowKernels.includes('PriceOptions')));

  const faults: readonly [title: string, from: RegExp, to: string, said: RegExp][] = [
    ['a name that does not exist', /metal::fma\(/, 'metal::fmad(', /no member named 'fmad'/],
    ['a pointer of another address space', /GLOBAL const uchar\* column/, 'LOCAL const uchar* column', /address space/],
    ['a pointer without address space', /GLOBAL const uchar\* column/, 'const uchar* column', /pointer without|address space qualifier/],
    ['a literal of double precision', /REAL\(1\.44269504\)/, '1.44269504', /double|literal without f/],
    ['a variable of the program', /typedef float real;/, 'float state;\ntypedef float real;', /global variable|scope/],
    ['a barrier by another name', /metal::threadgroup_barrier/, 'barrier', /'barrier'/],
  ];
  for (const [title, from, to, said] of faults) {
    it(`would not compile with ${title}`, async () => {
      assert.match(text, from);
      const judged = [];
      for (const macro of macros) judged.push(await judge(text.replace(from, to), macro));
      assert.match(judged.join('\n'), said);
    });
  }
});
