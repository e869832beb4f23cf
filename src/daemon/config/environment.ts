// The only file of the daemon that reads process.env: settings, the service manager, and what the environment must not hold.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, StartFailure } from '../base/start-failure.js';
import type { Override } from './config.js';

type Environment = Readonly<Record<string, string | undefined>>;

const settings: readonly (readonly [variable: string, path: string])[] = [
  ['ACCELD_SOCKET', 'listeners.unix.path'],
  ['ACCELD_HTTP_PORT', 'http.port'],
  ['ACCELD_LOG_LEVEL', 'log.level'],
];

/** Each of these lets whoever set it run code in the daemon, read its traffic or replace its libraries. */
const forbidden = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'SSLKEYLOGFILE',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
];

/** Test hooks: they exist only in test builds of the addon. */
const testOnly = /^ACCELD_(FORCE|FAULT)_/;

export const configFileOf = (environment: Environment = process.env): string | undefined =>
  environment['ACCELD_CONFIG'];

export const wantsLastAccepted = (environment: Environment = process.env): boolean =>
  environment['ACCELD_LAST_ACCEPTED'] === '1';

export function environmentOverrides(environment: Environment = process.env): readonly Override[] {
  return settings.flatMap(([variable, path]) => {
    const value = environment[variable];
    if (value === undefined) return [];
    const isNumber = path.endsWith('port') && /^\d+$/.test(value);
    return [{ source: variable, path, value: isNumber ? Number(value) : value }];
  });
}

/**
 * Warnings for the variables that have no place in a daemon's environment. Under a service manager they are a
 * StartFailure: nobody reads warnings there.
 */
export function checkEnvironment(isTestBuild: boolean, environment: Environment = process.env): readonly string[] {
  const found = Object.keys(environment).filter((name) => forbidden.includes(name) || name.startsWith('DYLD_'));
  if (found.length > 0 && isUnderServiceManager(environment)) {
    const line = `${found.join(', ')} must not be set in the environment of a service`;
    throw new StartFailure(exitCodes.configuration, line);
  }
  const hooks = isTestBuild ? [] : Object.keys(environment).filter((name) => testOnly.test(name));
  return [
    ...found.map((name) => `${name} is set in the environment; a service manager would be refused`),
    ...hooks.map((name) => `${name} is ignored: this is not a test build`),
  ];
}

/**
 * Warnings about the user that the daemon runs as. As root it could harm the whole machine, and needs nothing of root's: a
 * service is refused, and a shell, as that of a container, warned.
 */
export function checkUser(
  uid: number | undefined,
  isRootAllowed: boolean,
  environment: Environment = process.env,
): readonly string[] {
  if (uid !== 0 || isRootAllowed) return [];
  const line = 'acceld runs as root and needs nothing that root alone may do';
  if (!isUnderServiceManager(environment)) return [line];
  throw new StartFailure(exitCodes.configuration, `${line}: set the service's user, or pass --allow-root`);
}

/** What systemd says about the sockets that it hands over. */
export const socketActivation = (environment: Environment = process.env) => ({
  pid: environment['LISTEN_PID'],
  count: environment['LISTEN_FDS'],
  names: environment['LISTEN_FDNAMES'],
});

/** launchd sets XPC_SERVICE_NAME ("0" in a terminal), systemd INVOCATION_ID. */
function isUnderServiceManager(environment: Environment): boolean {
  const launchd = environment['XPC_SERVICE_NAME'];
  return (launchd !== undefined && launchd !== '0') || environment['INVOCATION_ID'] !== undefined;
}

/** Where the daemon listens unless told otherwise: a directory of the user's own, never a temporary one. */
export function defaultSocketPath(environment: Environment = process.env): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/acceld/run/acceld.sock');
  const runtime = environment['XDG_RUNTIME_DIR'];
  return runtime ? join(runtime, 'acceld/acceld.sock') : join(homedir(), '.acceld/run/acceld.sock');
}

/** Of this user's session; systemd's programs find the user's manager by it. */
export const runtimeFolder = (environment: Environment = process.env): string | undefined =>
  environment['XDG_RUNTIME_DIR'];

/** The folder that a service manager names for what outlives the daemon. */
export const namedStateFolder = (environment: Environment = process.env): string | undefined =>
  (environment['ACCELD_STATE'] ?? environment['STATE_DIRECTORY']) || undefined;

/** Where the daemon keeps what outlives it. */
export function stateFolder(environment: Environment = process.env): string {
  const named = namedStateFolder(environment);
  if (named !== undefined) return named;
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/acceld/state');
  return join(environment['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'acceld');
}
