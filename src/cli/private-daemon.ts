// A daemon for one piece of work: its own socket in a directory of its own, and nothing left behind afterwards.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, Fault } from '../client/index.js';
import { CommandFailure } from './failure.js';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));

/** A start takes 0.3 s; a machine under load may need longer. */
const readyMsMax = 10_000;
/** The daemon itself waits 10 s for calls in flight, and here there are none. */
const stopMsMax = 5_000;
const pollMs = 20;
const errorBytesMax = 4_096;

/** sun_path holds 104 bytes on macOS; a temporary directory with a longer name cannot hold a socket. */
const directoryBytesMax = 80;

/** Runs `work` against a fresh daemon, which ends with it, whatever happens. `signal` is raised on SIGINT and SIGTERM. */
export async function withPrivateDaemon<Result>(
  environment: NodeJS.ProcessEnv,
  work: (socket: string, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const parent = Buffer.byteLength(tmpdir()) <= directoryBytesMax ? tmpdir() : '/tmp';
  const directory = mkdtempSync(join(parent, 'acceld-'));
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const daemon = start(join(directory, 's'), environment);
  try {
    await ready(daemon, interrupted.signal);
    return await work(daemon.socket, interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) throw new CommandFailure('interrupted');
    throw error;
  } finally {
    await stop(daemon.child);
    rmSync(directory, { recursive: true, force: true });
    for (const signal of signals) process.off(signal, interrupt);
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly socket: string;
  /** The end of what it wrote to its error stream. */
  readonly errors: () => string;
}

function start(socket: string, environment: NodeJS.ProcessEnv): Started {
  const args = [
    '--min-semi-space-size=16',
    '--max-semi-space-size=16',
    program,
    'serve',
    '--socket',
    socket,
    '--http-port',
    '0',
  ];
  // Settings of the user's own daemon are not for this one.
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ACCELD_')));
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (errors = (errors + text).slice(-errorBytesMax)));
  return { child, socket, errors: () => errors };
}

async function ready({ child, socket, errors }: Started, interrupted: AbortSignal): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const client = connect({ socket, timeoutMs: readyMsMax, retry: { attemptsMax: 1 } });
  try {
    for (const deadline = performance.now() + readyMsMax; ; await pause(pollMs, undefined, { signal: interrupted })) {
      if (failure) throw new CommandFailure(`the daemon cannot be started: ${failure.message}`);
      if (hasEnded(child))
        throw new CommandFailure(`the daemon ended at once (${endOf(child)}): ${lastLine(errors())}`);
      if (await answers(client)) return;
      if (performance.now() > deadline)
        throw new CommandFailure(`the daemon did not answer within ${readyMsMax / 1e3} s`);
    }
  } finally {
    client.close();
  }
}

async function answers(client: ReturnType<typeof connect>): Promise<boolean> {
  try {
    return (await client.admin.getStatus()).serving;
  } catch (error) {
    if (error instanceof Fault && error.retryable) return false;
    throw error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(timer);
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
const endOf = ({ exitCode, signalCode }: ChildProcess): string => signalCode ?? `exit code ${exitCode}`;
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
