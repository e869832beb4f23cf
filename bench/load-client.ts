// Runs the C++ clients. A client in JavaScript would be the bottleneck of every server row.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { clientCore, pinned } from './pinning.js';
import { builtProgram } from './programs.js';

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

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const program = builtProgram('load-client', 'grpc++', 'libgrpc++-dev');
  const { address, method, requestFile, warmUpCalls, calls, inFlight, responseFile } = options;
  const args = [address, method, requestFile, warmUpCalls, calls, inFlight, ...(responseFile ? [responseFile] : [])];
  return run(pinned(clientCore, [program, ...args.map(String)]));
}

export interface StreamOptions extends Omit<LoadOptions, 'inFlight'> {
  /** Messages on one stream, or a stream for each call. One after the other. */
  readonly mode: 'session' | 'calls';
  /** Bound to the client's core. */
  readonly pin: boolean;
}

export async function runStreams(options: StreamOptions): Promise<LoadResult> {
  const program = builtProgram('stream-client', 'grpc++', 'libgrpc++-dev');
  const { address, method, requestFile, warmUpCalls, calls, mode, responseFile, pin } = options;
  const args = [address, method, requestFile, warmUpCalls, calls, mode, ...(responseFile ? [responseFile] : [])];
  const command = [program, ...args.map(String)];
  return run(pin ? pinned(clientCore, command) : command);
}

async function run([command, ...args]: readonly string[]): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(command!, args);
  return JSON.parse(stdout) as LoadResult;
}
