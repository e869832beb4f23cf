// Compiles the kernels and native programs for tests, with the flags of binding.gyp.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const build = join(root, 'native/build');
export const compiler = process.env['CXX'] ?? (process.platform === 'darwin' ? 'c++' : 'g++');
export const flags: readonly string[] =
  '-std=c++17 -O3 -ffp-contract=off -fno-math-errno -pthread -Wall -Wextra -Werror'.split(' ');

export interface InstructionSet {
  readonly name: string;
  readonly source: string;
  readonly flags: readonly string[];
}

const x64: readonly InstructionSet[] = [
  { name: 'x86-64', source: 'base', flags: [] },
  { name: 'x86-64-v3', source: 'v3', flags: ['-march=x86-64-v3'] },
  { name: 'x86-64-v4', source: 'v4', flags: ['-march=x86-64-v4'] },
];
export const neon: InstructionSet = { name: 'neon', source: 'neon', flags: [] };
export const ourSets = process.arch === 'arm64' ? [neon] : x64;

export async function compileKernels(
  command: string,
  set: InstructionSet,
  suffix = '',
  extra: readonly string[] = [],
): Promise<string> {
  mkdirSync(build, { recursive: true });
  const object = join(build, `kernels_${set.source}${suffix}.o`);
  const source = join(root, `native/backends/cpu/kernels_${set.source}.cc`);
  await run(command, [...flags, ...set.flags, ...extra, '-c', source, '-o', object]);
  return object;
}

let kernels: Promise<string[]> | undefined;

/** The object of each instruction set of this machine's processors; compiled once in a process. */
export function compileOurKernels(): Promise<string[]> {
  kernels ??= Promise.all(ourSets.map((set) => compileKernels(compiler, set)));
  return kernels;
}

/** native/test/SOURCE and what else it is made of, as a program in native/build/. */
export async function link(
  command: string,
  name: string,
  parts: { source: string; objects: readonly string[]; extra?: readonly string[]; libraries?: readonly string[] },
): Promise<string> {
  const program = join(build, name);
  const sources = [`native/test/${parts.source}`, 'native/backends/cpu/dispatch.cc'].map((file) => join(root, file));
  await run(command, [...flags, '-DACCELD_TEST', ...(parts.extra ?? []), ...sources, ...parts.objects, '-o', program]);
  return program;
}
