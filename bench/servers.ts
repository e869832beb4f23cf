// The daemon and its peer as processes of their own, on a core of their own where the system can pin.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { catalog } from '../src/gen/catalog.js';
import { makeBook, requestBytes } from './book.js';
import { runLoad, type LoadResult } from './load-client.js';
import { pinned, serverCore } from './pinning.js';
import { settled } from './usage.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** As the launcher sets them; and 64 MB for the echo, which it is faster with than with Node's own. */
const nodeFlags = {
  ours: ['--min-semi-space-size=16', '--max-semi-space-size=16'],
  peer: ['--max-semi-space-size=64'],
};

export interface RunningServer {
  readonly socket: string;
  readonly pid: number;
  /** From the start of the process to its line that says it serves. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Starts a server and waits for the line on its standard output that says it serves. */
async function start(
  { side, socket, pin = true }: { side: 'ours' | 'peer'; socket: string; pin?: boolean },
  args: readonly string[],
  isServing: (line: string) => boolean,
): Promise<RunningServer> {
  const node = [process.execPath, ...nodeFlags[side], ...args];
  const [command, ...rest] = pin ? pinned(serverCore, node) : node;
  const startedMs = performance.now();
  const child = spawn(command!, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  await Promise.race([
    new Promise<void>((done) => lines.on('line', (line) => isServing(line) && done())),
    exited.then(() => Promise.reject(new Error(`${args[0]} ended before it served`))),
  ]);
  const startMs = performance.now() - startedMs;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { socket, pid: child.pid!, startMs, stop };
}

/** At rest: its workers have come. `pin`: bound to the server's core, as a peer on one core is. */
export async function startDaemon(folder: string, pin = true): Promise<RunningServer> {
  const socket = join(folder, 'run/acceld.sock');
  const args = ['bin/acceld', 'serve', '--socket', socket, '--http-port', '0'];
  const server = await start({ side: 'ours', socket, pin }, args, (line) => line.includes('"msg":"started"'));
  await settled(server.pid);
  return server;
}

export const startPeer = (folder: string, replies: readonly string[]): Promise<RunningServer> => {
  const socket = join(folder, 'echo.sock');
  return start({ side: 'peer', socket }, ['bench/echo-server.mjs', socket, ...replies], (line) => line === 'serving');
};

export interface LoadSettings {
  readonly rows: number;
  readonly warmUpCalls: number;
  readonly calls: number;
  readonly inFlight: number;
}

export interface Pair {
  readonly ours: RunningServer;
  readonly peer: RunningServer;
  load(server: RunningServer, settings: LoadSettings): Promise<LoadResult>;
  close(): Promise<void>;
}

/** A daemon, and an echo that answers the requests of so many rows with the daemon's own replies. */
export async function openPair(rowCounts: readonly number[]): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'acceld-bench-'));
  const requestFile = (rows: number) => join(folder, `request-${rows}`);
  const load = ({ socket }: RunningServer, { rows, ...counts }: LoadSettings, responseFile?: string) =>
    runLoad({
      address: `unix:${socket}`,
      method: catalog.pricing.priceOptions.path,
      requestFile: requestFile(rows),
      responseFile,
      ...counts,
    });
  const ours = await startDaemon(folder);
  try {
    const replies: string[] = [];
    for (const rows of rowCounts) {
      const reply = join(folder, `reply-${rows}`);
      writeFileSync(requestFile(rows), requestBytes(makeBook(rows)));
      await load(ours, { rows, warmUpCalls: 0, calls: 1, inFlight: 1 }, reply);
      replies.push(`${rows}=${reply}`);
    }
    const peer = await startPeer(folder, replies);
    const close = async () => {
      await Promise.all([ours.stop(), peer.stop()]);
      rmSync(folder, { recursive: true });
    };
    return { ours, peer, load, close };
  } catch (error) {
    await ours.stop();
    rmSync(folder, { recursive: true });
    throw error;
  }
}
