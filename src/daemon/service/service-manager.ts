// The one file that knows launchctl and systemctl. What they did is read back, never judged by their exit codes: launchd
// answers before a job has ended, and fails now and then for what it did.
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import type { Layout, Machine } from './layout.js';
import { ServiceFailure } from './service-failure.js';

/**
 * load: known and started, now and at every boot. unload: the opposite. start, stop: now. end: the process alone. reread:
 * files of units went.
 */
export type ManagerAction = 'load' | 'unload' | 'start' | 'stop' | 'end' | 'reread';

export interface ServiceState {
  readonly isLoaded: boolean;
  readonly pid: number | undefined;
  /** Of the last run, as the manager says it. */
  readonly lastExit: string | undefined;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Output {
  readonly code: number;
  readonly text: string;
}

export interface ServiceManager {
  commands(action: ManagerAction): readonly Command[];
  read(): Promise<ServiceState>;
}

/** Nothing of the caller's but what a user's own manager is found by. */
export function runCommand({ program, args, environment }: Command): Promise<Output> {
  const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...environment };
  return new Promise((done) => {
    execFile(program, [...args], { env, encoding: 'utf8', timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ code, text: stdout + (code === -1 ? `${error?.message}\n` : stderr) });
    });
  });
}

export const commandLine = ({ program, args }: Command): string =>
  [program, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');

export function openManager(machine: Machine, layout: Layout): Promise<ServiceManager> {
  return layout.system === 'darwin' ? openLaunchd(machine, layout) : Promise.resolve(openSystemd(machine, layout));
}

async function openLaunchd({ uid, programs }: Machine, { scope, label, units }: Layout): Promise<ServiceManager> {
  const call = (...args: string[]): Command => ({ program: programs.launchd, args });
  // Without a login at the screen there is no gui domain.
  const hasScreen = scope === 'user' && (await runCommand(call('print', `gui/${uid}`))).code === 0;
  const domain = scope === 'system' ? 'system' : `${hasScreen ? 'gui' : 'user'}/${uid}`;
  const target = `${domain}/${label}`;
  const unload = [call('bootout', target)];
  const commands: Record<ManagerAction, Command[]> = {
    // A job that was disabled once cannot be loaded.
    load: [call('enable', target), call('bootstrap', domain, units[0]!.path)],
    unload,
    start: [call('kickstart', target)],
    // Its socket would start it again.
    stop: unload,
    end: [call('kill', 'SIGTERM', target)],
    reread: [],
  };
  return {
    commands: (action) => commands[action],
    read: async () => {
      const { code, text } = await runCommand(call('print', target));
      if (code !== 0) return { isLoaded: false, pid: undefined, lastExit: undefined };
      const find = (name: string) => new RegExp(`^\\s*${name} = (.+)$`, 'm').exec(text)?.[1];
      const pid = find('pid');
      return {
        isLoaded: true,
        pid: pid === undefined ? undefined : Number(pid),
        lastExit: find('last terminating signal') ?? find('last exit code'),
      };
    },
  };
}

function openSystemd(machine: Machine, { scope, label }: Layout): ServiceManager {
  const { programs } = machine;
  const [socket, service] = [`${label}.socket`, `${label}.service`];
  const call = (...args: string[]): Command => ({
    program: programs.systemd,
    args: scope === 'user' ? ['--user', ...args] : args,
    environment: managerEnvironment(machine),
  });
  const commands: Record<ManagerAction, Command[]> = {
    load: [call('daemon-reload'), call('enable', '--now', socket, service)],
    unload: [call('disable', '--now', service, socket)],
    start: [call('start', socket, service)],
    stop: [call('stop', service, socket)],
    end: [call('stop', service)],
    reread: [call('daemon-reload')],
  };
  return {
    commands: (action) => commands[action],
    read: async () => {
      const shown = call('show', '--property=LoadState,ActiveState,MainPID,ExecMainStatus', service);
      const { text } = await runCommand(shown);
      const find = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
      const pid = Number(find('MainPID') ?? 0);
      // A unit of a stopped service stays loaded: what counts is whether its socket listens.
      const { text: listening } = await runCommand(call('show', '--property=ActiveState', socket));
      return {
        isLoaded: find('LoadState') === 'loaded' && listening.includes('ActiveState=active'),
        pid: pid === 0 ? undefined : pid,
        lastExit: find('ExecMainStatus'),
      };
    },
  };
}

/** systemd's programs find a user's manager by it. */
function managerEnvironment({ runtimeFolder, home }: Machine): Record<string, string> {
  return { HOME: home, ...(runtimeFolder === undefined ? {} : { XDG_RUNTIME_DIR: runtimeFolder }) };
}

/** The lines of the journal; launchd keeps none. */
export function journalCommand(machine: Machine, { scope, label }: Layout, lines: number): Command {
  const unit = scope === 'user' ? ['--user', '--user-unit', label] : ['--unit', label];
  const { programs } = machine;
  return {
    program: programs.journal,
    environment: managerEnvironment(machine),
    args: [...unit, '--lines', `${lines}`, '--no-pager', '--output', 'cat'],
  };
}

/** The machine that this runs on. As root nothing is looked up in a PATH. */
export function thisMachine(runtimeFolder: string | undefined): Machine {
  const { platform } = process;
  if (platform !== 'darwin' && platform !== 'linux')
    throw new ServiceFailure(`acceld is no service on ${platform}: run acceld serve`);
  const programs = { launchd: '/bin/launchctl', systemd: '/usr/bin/systemctl', journal: '/usr/bin/journalctl' };
  return { system: platform, root: '', home: homedir(), uid: process.getuid?.() ?? -1, runtimeFolder, programs };
}
