// Where everything of an installed service lies. Code and settings belong to root (an agent's: to its user); the service's
// own user may write the state, the run folder and the logs, and nothing else.
import { join } from 'node:path';
import { socketPathBytesMax } from '../base/limits.js';
import { ServiceFailure } from './service-failure.js';

export type System = 'darwin' | 'linux';

/** user: one developer's agent. system: the machine's daemon, with a user of its own. */
export type Scope = 'user' | 'system';

/** What an installation depends on. */
export interface Machine {
  readonly system: System;
  /** Put before every absolute path: empty but in tests. */
  readonly root: string;
  readonly home: string;
  readonly uid: number;
  /** XDG_RUNTIME_DIR. */
  readonly runtimeFolder: string | undefined;
  /** The programs of the service managers. */
  readonly programs: Programs;
}

export interface Programs {
  readonly launchd: string;
  readonly systemd: string;
  readonly journal: string;
}

export interface Owner {
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/** A file made from a template of the package. */
export interface Filled {
  readonly template: string;
  readonly path: string;
}

export interface Layout {
  readonly scope: Scope;
  readonly system: System;
  /** launchd's label, or the stem of systemd's units. */
  readonly label: string;
  readonly prefix: string;
  readonly versions: string;
  /** Links to folders of versions. */
  readonly current: string;
  readonly previous: string;
  /** Copies of the state, by the version that wrote it. */
  readonly backups: string;
  /** There while a command changes something. */
  readonly pending: string;
  readonly config: string;
  readonly state: string;
  readonly run: string;
  readonly socket: string;
  /** Undefined: the journal. */
  readonly logs: string | undefined;
  readonly units: readonly Filled[];
  readonly rotation: Filled | undefined;
}

export const socketName = 'acceld.sock';

export function layoutOf(machine: Machine, scope: Scope): Layout {
  const layout = machine.system === 'darwin' ? darwinLayout(machine, scope) : linuxLayout(machine, scope);
  const bytes = Buffer.byteLength(layout.socket);
  if (bytes > socketPathBytesMax)
    throw new ServiceFailure(`the socket path has ${bytes} bytes, at most ${socketPathBytesMax}: ${layout.socket}`);
  return layout;
}

function darwinLayout({ root, home }: Machine, scope: Scope): Layout {
  const library = scope === 'system' ? join(root, '/Library') : join(home, 'Library');
  const prefix = join(library, 'Application Support/acceld');
  const label = scope === 'system' ? 'dev.acceld.daemon' : 'dev.acceld.agent';
  const folder = scope === 'system' ? 'LaunchDaemons' : 'LaunchAgents';
  const rotation = { template: 'launchd/newsyslog.conf', path: join(root, '/etc/newsyslog.d/acceld.conf') };
  return {
    ...common(prefix),
    scope,
    system: 'darwin',
    label,
    config: join(prefix, 'acceld.yaml'),
    state: join(prefix, 'state'),
    // Not in /var/run, which is emptied at every boot.
    run: join(prefix, 'run'),
    socket: join(prefix, 'run', socketName),
    logs: join(library, 'Logs/acceld'),
    units: [{ template: `launchd/${label}.plist`, path: join(library, folder, `${label}.plist`) }],
    // The folder of newsyslog is root's.
    rotation: scope === 'system' ? rotation : undefined,
  };
}

function linuxLayout({ root, home, uid, runtimeFolder }: Machine, scope: Scope): Layout {
  const isSystem = scope === 'system';
  const prefix = isSystem ? join(root, '/opt/acceld') : join(home, '.local/share/acceld');
  const run = isSystem ? join(root, '/run/acceld') : join(runtimeFolder ?? join(root, `/run/user/${uid}`), 'acceld');
  const units = isSystem ? join(root, '/etc/systemd/system') : join(home, '.config/systemd/user');
  const unit = (name: string): Filled => ({ template: `systemd/${scope}/${name}`, path: join(units, name) });
  return {
    ...common(prefix),
    scope,
    system: 'linux',
    label: 'acceld',
    config: isSystem ? join(root, '/etc/acceld/acceld.yaml') : join(home, '.config/acceld/acceld.yaml'),
    state: isSystem ? join(root, '/var/lib/acceld') : join(home, '.local/state/acceld'),
    run,
    socket: join(run, socketName),
    logs: undefined,
    units: [unit('acceld.socket'), unit('acceld.service')],
    rotation: undefined,
  };
}

const common = (prefix: string) => ({
  prefix,
  versions: join(prefix, 'versions'),
  current: join(prefix, 'current'),
  previous: join(prefix, 'previous'),
  backups: join(prefix, 'backups'),
  pending: join(prefix, 'unfinished.json'),
});
