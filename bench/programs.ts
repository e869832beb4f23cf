// Programs of the benches: C++ built on first use, and peers that answer one line for each line they are given.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MissingPart } from './row.js';

const folder = fileURLToPath(new URL('../build/bench', import.meta.url));

/** Path of a program built from bench/NAME.cc (or _ for -) with a library that pkg-config knows. */
export function builtProgram(name: string, library: string, debianPackage: string): string {
  const source = fileURLToPath(new URL(`${name}.cc`, import.meta.url));
  const program = `${folder}/${name}`;
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  const flags = spawnSync('pkg-config', ['--cflags', '--libs', library], { encoding: 'utf8' });
  if (flags.status !== 0) throw new MissingPart(`${debianPackage} and pkg-config`);
  mkdirSync(folder, { recursive: true });
  const args = ['-std=c++17', '-O2', '-Wall', '-Wextra', source, '-o', program, ...flags.stdout.trim().split(/\s+/)];
  const compiled = spawnSync('c++', args, { encoding: 'utf8' });
  if (compiled.error) throw new MissingPart('a C++ compiler');
  if (compiled.status !== 0) throw new Error(`${name}.cc does not compile:\n${compiled.stderr}`);
  return program;
}

export interface LinePeer<Sample> {
  readonly run: () => Promise<Sample>;
  readonly close: () => void;
}

/** A program that works once for each line on its standard input and prints a JSON object. */
export function openLinePeer<Sample>(command: string, args: readonly string[]): LinePeer<Sample> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: withoutBlasSettings() });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async () => {
      child.stdin.write('run\n');
      const line = await lines.next();
      if (line.done) throw new Error(`the peer ${command} ended early`);
      return JSON.parse(line.value) as Sample;
    },
    close: () => child.stdin.end(),
  };
}

/** Debian's own Python has Debian's NumPy, whichever Python comes first on the path. */
export const python = process.platform === 'linux' ? '/usr/bin/python3' : 'python3';

/** Throws MissingPart where Python lacks a module. */
export function needPython(modules: readonly string[]): void {
  if (spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0) return;
  throw new MissingPart(modules.map((name) => `python3-${name.split('.')[0]}`).join(', '));
}

/** A BLAS that is told which core it runs on would not be the one that users have. */
const withoutBlasSettings = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')));
