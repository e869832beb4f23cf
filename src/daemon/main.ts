// The daemon's roles, by the first argument. The only file that ends the process.
import { homedir, hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { exitCodes, StartFailure } from './base/start-failure.js';
import { ConfigurationError, loadConfig, type Override } from './config/config.js';
import * as environment from './config/environment.js';
import type { Config } from './config/schema.js';
import { Source } from './config/source.js';
import { openDaemon } from './daemon.js';
import { examine } from './doctor/doctor.js';
import { isHealthy, redacted, reportOf, type Finding } from './doctor/findings.js';
import { planHere } from './policy/cores.js';
import { loadHostAddon } from './devices/host-addon.js';

const flags = {
  config: { type: 'string' },
  socket: { type: 'string' },
  'http-port': { type: 'string' },
  'tcp-port': { type: 'string' },
  'log-level': { type: 'string' },
  'no-gpu': { type: 'boolean' },
  'last-accepted': { type: 'boolean' },
  'log-file': { type: 'string' },
  'allow-root': { type: 'boolean' },
  json: { type: 'boolean' },
  full: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

const usage = `acceld serve         runs the daemon in the foreground until SIGTERM or SIGINT
acceld check-config  checks a configuration and prints it with every default filled in
acceld service       runs the daemon as a service of launchd or systemd (acceld service --help)
acceld doctor        says what this machine can do, and why not, by trying everything once

Options of all:
  --config FILE     YAML file of settings (environment: ACCELD_CONFIG)
  --socket PATH     Unix socket to listen on (ACCELD_SOCKET)
  --http-port PORT  port of /metrics, /healthz and /readyz on 127.0.0.1; 0 takes a free one (ACCELD_HTTP_PORT)
  --tcp-port PORT   also serve gRPC on 127.0.0.1 to every user of this machine; 0 takes a free port
  --no-gpu          use the CPU alone
  --last-accepted   serve by the copy of the file that was accepted last when the file is bad (ACCELD_LAST_ACCEPTED=1)
  --json            print what doctor finds for programs
  --full            and name this user, host and home folder, which reports leave out
  --log-file FILE   write the log there; SIGHUP opens the file again
  --allow-root      serve as root under launchd or systemd, which is refused otherwise
  --log-level LEVEL debug, info, warn or error (ACCELD_LOG_LEVEL)

SIGHUP makes a running daemon read its file again; a bad one changes nothing, and the log says why.
Flags win over the environment, the environment over the file, the file over the defaults.
Exit codes: 0 stopped, 70 bug, 71 refused by the system, 75 another daemon has the socket, 77 untrusted path,
78 bad configuration, command line or environment.

Examples:
  acceld serve
  acceld serve --config /etc/acceld.yaml
  acceld check-config --config acceld.yaml
  acceld doctor
`;

/** `addonPath` is set by tests alone: a build with test hooks. */
export async function main(args: readonly string[], addonPath?: string): Promise<void> {
  try {
    const [role, ...rest] = args;
    if (role === 'service') process.exit(await service(rest));
    const settings = readSettings(rest);
    if (settings.help) process.stdout.write(usage);
    else if (role === 'serve') await serve(settings, addonPath);
    else await look(role, loadConfig(settings.file, settings.overrides), settings);
  } catch (error) {
    fail(error);
  }
}

interface Settings {
  readonly file: string | undefined;
  readonly overrides: readonly Override[];
  readonly lastAccepted: boolean;
  readonly isRootAllowed: boolean;
  readonly json: boolean;
  readonly full: boolean;
  readonly help: boolean;
}

function readSettings(args: readonly string[]): Settings {
  const values = readFlags(args);
  const overrides: Override[] = [...environment.environmentOverrides()];
  const add = (source: string, path: string, value: Override['value'] | undefined): void => {
    if (value !== undefined) overrides.push({ source, path, value });
  };
  const number = (text: string | undefined): string | number | undefined =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
  add('--socket', 'listeners.unix.path', values.socket);
  add('--http-port', 'http.port', number(values['http-port']));
  add('--log-level', 'log.level', values['log-level']);
  add('--log-file', 'log.file', values['log-file']);
  add('--no-gpu', 'gpu.enabled', values['no-gpu'] ? false : undefined);
  add('--tcp-port', 'listeners.tcp.port', number(values['tcp-port']));
  add('--tcp-port', 'listeners.tcp.enabled', values['tcp-port'] === undefined ? undefined : true);
  return {
    file: values.config ?? environment.configFileOf(),
    overrides,
    lastAccepted: values['last-accepted'] ?? environment.wantsLastAccepted(),
    isRootAllowed: values['allow-root'] ?? false,
    json: values.json ?? false,
    full: values.full ?? false,
    help: values.help ?? false,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    throw new StartFailure(exitCodes.configuration, `${(error as Error).message} (acceld serve --help)`);
  }
}

async function look(role: string | undefined, config: Config, settings: Settings): Promise<void> {
  if (role === 'doctor') await doctor(config, settings);
  else process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
}

async function doctor(config: Config, { json, full }: Settings): Promise<void> {
  const all: Finding[] = [];
  const socket = config.listeners.unix.path ?? environment.defaultSocketPath();
  const addon = loadHostAddon();
  const cores = planHere(config.policy.cores, addon.performanceLevels(), config.cpu.threads);
  for await (const finding of examine({ addon, config, socket, cores })) all.push(finding);
  const own = { user: userInfo().username, host: hostname(), home: homedir() };
  const findings = full ? all : redacted(all, own);
  process.stdout.write(`${json ? JSON.stringify(findings, null, 2) : reportOf(findings)}\n`);
  process.exit(isHealthy(findings) ? exitCodes.ok : exitCodes.software);
}

/** Loaded for itself alone: a start of the daemon does not wait for it. */
async function service(args: readonly string[]): Promise<number> {
  const { runService, thisMachine } = await import('./service/command.js');
  const appFolder = fileURLToPath(new URL('../..', import.meta.url));
  const machine = thisMachine(environment.runtimeFolder());
  return runService(args, { machine, appFolder, out: (text) => process.stdout.write(text) });
}

async function serve(settings: Settings, addonPath: string | undefined): Promise<void> {
  // Any listener keeps Node from opening its inspector, which has no password, on this signal.
  process.on('SIGUSR1', () => undefined);
  // Before the daemon serves there is nothing to reload.
  process.on('SIGHUP', () => undefined);
  const addon = loadHostAddon(addonPath);
  const warnings = [
    ...environment.checkEnvironment(addon.version.endsWith('+test')),
    ...environment.checkUser(process.geteuid?.(), settings.isRootAllowed),
  ];
  const { file, overrides } = settings;
  const source = new Source({
    file,
    overrides,
    stateFolder: settings.lastAccepted ? environment.stateFolder() : undefined,
  });
  const opening = openDaemon({ source, addon, warnings });
  const stop = once((reason: string) => {
    void opening.then((open) => open.close(reason)).then(() => process.exit(exitCodes.ok), fail);
  });
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  const daemon = await opening;
  process.on('SIGHUP', () => daemon.reload());
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
