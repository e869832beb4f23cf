// The daemon's roles, by the first argument. The only file that ends the process.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { exitCodes, StartFailure } from './base/start-failure.js';
import { ConfigurationError, loadConfig, type Override } from './config/config.js';
import { checkEnvironment, configFileOf, environmentOverrides } from './config/environment.js';
import type { Config } from './config/schema.js';
import { openDaemon } from './daemon.js';
import { loadHostAddon } from './devices/host-addon.js';

const flags = {
  config: { type: 'string' },
  socket: { type: 'string' },
  'http-port': { type: 'string' },
  'tcp-port': { type: 'string' },
  'log-level': { type: 'string' },
  'no-gpu': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

const usage = `acceld serve         runs the daemon in the foreground until SIGTERM or SIGINT
acceld check-config  checks a configuration and prints it with every default filled in

Options of both:
  --config FILE     YAML file of settings (environment: ACCELD_CONFIG)
  --socket PATH     Unix socket to listen on (ACCELD_SOCKET)
  --http-port PORT  port of /metrics, /healthz and /readyz on 127.0.0.1; 0 takes a free one (ACCELD_HTTP_PORT)
  --tcp-port PORT   also serve gRPC on 127.0.0.1 to every user of this machine; 0 takes a free port
  --no-gpu          use the CPU alone
  --log-level LEVEL debug, info, warn or error (ACCELD_LOG_LEVEL)

Flags win over the environment, the environment over the file, the file over the defaults.
Exit codes: 0 stopped, 70 bug, 71 refused by the system, 75 another daemon has the socket, 77 untrusted path,
78 bad configuration, command line or environment.

Examples:
  acceld serve
  acceld serve --config /etc/acceld.yaml
  acceld check-config --config acceld.yaml
`;

/** `addonPath` is set by tests alone: a build with test hooks. */
export async function main(args: readonly string[], addonPath?: string): Promise<void> {
  try {
    const [role, ...rest] = args;
    const { config, help } = readSettings(rest);
    if (help) process.stdout.write(usage);
    else if (role === 'check-config') process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    else await serve(config, addonPath);
  } catch (error) {
    fail(error);
  }
}

function readSettings(args: readonly string[]): { config: Config; help: boolean } {
  const values = readFlags(args);
  const overrides: Override[] = [...environmentOverrides()];
  const add = (source: string, path: string, value: Override['value'] | undefined): void => {
    if (value !== undefined) overrides.push({ source, path, value });
  };
  const number = (text: string | undefined): string | number | undefined =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
  add('--socket', 'listeners.unix.path', values.socket);
  add('--http-port', 'http.port', number(values['http-port']));
  add('--log-level', 'log.level', values['log-level']);
  add('--no-gpu', 'gpu.enabled', values['no-gpu'] ? false : undefined);
  add('--tcp-port', 'listeners.tcp.port', number(values['tcp-port']));
  add('--tcp-port', 'listeners.tcp.enabled', values['tcp-port'] === undefined ? undefined : true);
  if (values.help) return { config: loadConfig(undefined, []), help: true };
  return { config: loadConfig(values.config ?? configFileOf(), overrides), help: false };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    throw new StartFailure(exitCodes.configuration, `${(error as Error).message} (acceld serve --help)`);
  }
}

async function serve(config: Config, addonPath: string | undefined): Promise<void> {
  // Any listener keeps Node from opening its inspector, which has no password, on this signal.
  process.on('SIGUSR1', () => undefined);
  const addon = loadHostAddon(addonPath);
  const warnings = checkEnvironment(addon.version.endsWith('+test'));
  const opening = openDaemon({ config, addon, warnings });
  const stop = once((reason: string) => {
    void opening.then((open) => open.close(reason)).then(() => process.exit(exitCodes.ok), fail);
  });
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  const daemon = await opening;
  process.on('SIGUSR1', () => daemon.announce({ kind: 'warning', text: 'SIGUSR1 is ignored' }));
  const bug = (where: string) => (error: unknown) => daemon.announce({ kind: 'bug', where, requestId: '', error });
  process.on('unhandledRejection', bug('unhandled rejection'));
  process.on('uncaughtException', (error) => {
    bug('uncaught exception')(error);
    // Nobody knows what state it left behind: end, and let the service manager start afresh.
    process.exit(exitCodes.software);
  });
}

function once(act: (reason: string) => void): (reason: string) => void {
  let done = false;
  return (reason) => {
    if (done) return;
    done = true;
    act(reason);
  };
}

function fail(error: unknown): never {
  if (error instanceof ConfigurationError) {
    const lines = error.problems.map((problem) => `  ${problem}\n`).join('');
    process.stderr.write(
      error.problems.length === 1 ? `acceld: ${error.message}\n` : `acceld: configuration refused:\n${lines}`,
    );
    process.exit(error.exitCode);
  }
  if (error instanceof StartFailure) {
    process.stderr.write(`acceld: ${error.message}\n`);
    process.exit(error.exitCode);
  }
  process.stderr.write(`acceld: bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(exitCodes.software);
}
