// Builds the C++ load client on first use and runs it. A client in JavaScript would be the bottleneck of every server row.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { clientCore, pinned } from './pinning.js';
import { MissingPart } from './row.js';

export interface LoadOptions {
  readonly address: string;
  readonly method: string;
  readonly requestFile: string;
  readonly responseFile: string | undefined;
  readonly warmUpCalls: number;
  readonly calls: number;
  readonly inFlight: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const source = fileURLToPath(new URL('load-client.cc', import.meta.url));
const folder = fileURLToPath(new URL('../build/bench', import.meta.url));
const program = `${folder}/load-client`;

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  build();
  const { address, method, requestFile, warmUpCalls, calls, inFlight, responseFile } = options;
  const args = [address, method, requestFile, warmUpCalls, calls, inFlight, ...(responseFile ? [responseFile] : [])];
  const [command, ...rest] = pinned(clientCore, [program, ...args.map(String)]);
  const { stdout } = await promisify(execFile)(command!, rest);
  return JSON.parse(stdout) as LoadResult;
}

function build(): void {
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
  const flags = spawnSync('pkg-config', ['--cflags', '--libs', 'grpc++'], { encoding: 'utf8' });
  if (flags.status !== 0) throw new MissingPart('libgrpc++-dev and pkg-config');
  mkdirSync(folder, { recursive: true });
  const args = ['-std=c++17', '-O2', '-Wall', '-Wextra', source, '-o', program, ...flags.stdout.trim().split(/\s+/)];
  const compiled = spawnSync('c++', args, { encoding: 'utf8' });
  if (compiled.error) throw new MissingPart('a C++ compiler');
  if (compiled.status !== 0) throw new Error(`load-client.cc does not compile:\n${compiled.stderr}`);
}
