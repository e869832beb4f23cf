// A scratch machine with a stand-in for launchd and systemd. What is doubled are their two programs, launchctl and
// systemctl; sockets, users, processes, signals and files are real.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartFailure } from '../../src/daemon/base/start-failure.js';
import { runService } from '../../src/daemon/service/command.js';
import { layoutOf, type Layout, type Machine, type Scope, type System } from '../../src/daemon/service/layout.js';

export const appFolder = fileURLToPath(new URL('../..', import.meta.url));
const python = fileURLToPath(new URL('python/', import.meta.url));
const isRoot = process.getuid?.() === 0;

/** Who runs the service: as root an account of the machine, otherwise this user. */
export const serviceUid = isRoot
  ? Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))
  : process.getuid!();

export interface ServiceEvent {
  readonly event: 'started' | 'ended' | 'survivors';
  readonly pid: number;
  /** Exit code; below 0: the signal. */
  readonly status?: number;
  /** Seconds since the Unix epoch. */
  readonly at: number;
}

export interface ScratchMachine {
  readonly machine: Machine;
  readonly layout: Layout;
  /** Runs one command as on the command line; the scope's flag is added. */
  run(...args: string[]): Promise<{ code: number; text: string }>;
  events(): readonly ServiceEvent[];
  /** Command lines that the doubles of the two programs were given. */
  commands(): readonly string[];
  /** Commands that begin like this fail without doing anything, until it is called with nothing. */
  failOn(begin?: string): void;
  close(): Promise<void>;
}

export interface ScratchOptions {
  readonly system: System;
  readonly scope: Scope;
  /** In place of the plist's or the unit's own. */
  readonly throttleSeconds?: number;
}

export const settings = 'http: { port: 0 }\ngpu: { enabled: false }\n';

export async function scratchMachine({ system, scope, throttleSeconds }: ScratchOptions): Promise<ScratchMachine> {
  const root = mkdtempSync(join(tmpdir(), 'acceld-svc-'));
  // The service's user walks through it.
  chmodSync(root, 0o755);
  const [control, record] = [join(root, 'control'), join(root, 'record')];
  const machine = machineIn(root, { system, scope });
  const layout = layoutOf(machine, scope);
  for (const folder of [dirname(layout.config), dirname(layout.units[0]!.path), machine.home]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(layout.config, settings);
  const told = { units: dirname(layout.units[0]!.path), home: machine.home, uid: serviceUid, record };
  const child = spawn(
    '/usr/bin/python3',
    [join(python, 'service_manager.py'), control, JSON.stringify({ ...told, throttle_s: throttleSeconds ?? null })],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  const call = (...words: string[]): string =>
    execFileSync('/usr/bin/python3', [join(python, 'service_call.py'), control, ...words], { encoding: 'utf8' });
  return {
    machine,
    layout,
    run: (...args) => command([...args, ...(scope === 'system' ? ['--system', '--user', 'nobody'] : [])], machine),
    events: () => JSON.parse(call('events')) as ServiceEvent[],
    commands: () => (existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : []).map(commandLine),
    failOn: (begin) => (begin ? writeFileSync(`${record}.fail`, begin) : rmSync(`${record}.fail`, { force: true })),
    close: () => end(child, root),
  };
}

const commandLine = (line: string): string => (JSON.parse(line) as string[]).join(' ');

function machineIn(root: string, { system, scope }: { system: System; scope: Scope }): Machine {
  const double = (name: string): string => {
    const path = join(root, name);
    writeFileSync(
      path,
      `#!/bin/sh\nexec /usr/bin/python3 ${join(python, 'service_call.py')} ${join(root, 'control')} ${name} "$@"\n`,
    );
    chmodSync(path, 0o755);
    return path;
  };
  return {
    system,
    root,
    home: join(root, 'home'),
    uid: scope === 'system' ? 0 : serviceUid,
    runtimeFolder: undefined,
    programs: { launchd: double('launchctl'), systemd: double('systemctl'), journal: '/bin/false' },
  };
}

async function command(args: readonly string[], machine: Machine): Promise<{ code: number; text: string }> {
  let text = '';
  try {
    const code = await runService(args, { machine, appFolder, out: (piece) => (text += piece) });
    return { code, text };
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    return { code: error.exitCode, text: text + error.message };
  }
}

async function end(child: ChildProcess, root: string): Promise<void> {
  child.stdin!.end();
  if (child.exitCode === null) await once(child, 'exit');
  rmSync(root, { recursive: true, force: true });
}

/** Processes of this program whose command line names the folder. */
export function processesIn(folder: string): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.includes(`${folder}/`) && !/service_manager|service_call/.test(line))
    .map((line) => Number.parseInt(line, 10));
}
