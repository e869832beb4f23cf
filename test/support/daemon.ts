import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ownRoot = fileURLToPath(new URL('../..', import.meta.url));
/** Longer than a cold start on a loaded machine of two cores. */
const startMsMax = 20_000;

export interface RunningDaemon {
  readonly socket: string;
  readonly httpPort: number;
  readonly tcpPort: number | undefined;
  readonly pid: number;
  readonly directory: string;
  /** Everything the daemon wrote: log lines on stdout, and stderr. */
  output(): string;
  /** Sends SIGTERM, or the given signal, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface DaemonSettings {
  /** Lines of a YAML file. */
  readonly config?: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Run the build with test hooks. */
  readonly testBuild?: boolean;
  /** Keep the socket of an earlier daemon. */
  readonly directory?: string;
  /** The tree whose build is run, if it is not this one. */
  readonly root?: string;
  /** A program and its arguments that end by running the daemon in their place. */
  readonly wrapper?: readonly string[];
  /** Run as this user and its group: needs root. */
  readonly uid?: number;
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Starts a daemon of its own on a private socket and resolves when it serves. Rejects with its output if it ends first. */
export async function startDaemon(settings: DaemonSettings = {}): Promise<RunningDaemon> {
  const directory = settings.directory ?? mkdtempSync(join(tmpdir(), 'acceld-test-'));
  const socket = join(directory, 'run', 'acceld.sock');
  const configFile = join(directory, 'acceld.yaml');
  const config = settings.config ?? '';
  // Most tests are about something else, and each worker of a GPU takes a second of two cores at its start.
  writeFileSync(configFile, config.includes('gpu:') ? config : `gpu: { enabled: false }\n${config}`);
  const { root = ownRoot } = settings;
  const program = settings.testBuild ? join(root, 'test/support/serve-test.mjs') : join(root, 'bin/acceld');
  const args = [
    program,
    'serve',
    '--config',
    configFile,
    '--socket',
    socket,
    '--http-port',
    '0',
    ...(settings.args ?? []),
  ];
  // The service manager of a CI runner is not the daemon's own.
  const shell = { ...process.env, INVOCATION_ID: undefined, XPC_SERVICE_NAME: undefined };
  const environment = { ...shell, ...settings.environment };
  const user = settings.uid === undefined ? {} : { uid: settings.uid, gid: settings.uid };
  const words = [process.execPath, '--min-semi-space-size=16', '--max-semi-space-size=16', ...args];
  const [command, ...rest] = [...(settings.wrapper ?? []), ...words];
  const child = spawn(command!, rest, {
    env: environment,
    ...user,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const started = await waitForStart(child, () => text);
  return {
    socket,
    httpPort: started.httpPort,
    tcpPort: started.tcpPort,
    pid: child.pid!,
    directory,
    output: () => text,
    stop: async (signal = 'SIGTERM') => {
      if (!ended(child)) {
        child.kill(signal);
        await once(child, 'exit');
      }
      if (settings.directory === undefined) rmSync(directory, { recursive: true, force: true });
      return { code: child.exitCode, signal: child.signalCode };
    },
  };
}

/** The daemon says where it listens in its first log lines. */
async function waitForStart(
  child: ChildProcess,
  output: () => string,
): Promise<{ httpPort: number; tcpPort?: number }> {
  const deadline = Date.now() + startMsMax;
  while (Date.now() < deadline) {
    const line = output()
      .split('\n')
      .find((each) => each.includes('"msg":"started"'));
    if (line) return JSON.parse(line) as { httpPort: number; tcpPort?: number };
    if (ended(child)) throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode}: ${output()}`);
    await new Promise((next) => setTimeout(next, 10));
  }
  child.kill('SIGKILL');
  throw new Error(`the daemon did not start within ${startMsMax} ms: ${output()}`);
}
