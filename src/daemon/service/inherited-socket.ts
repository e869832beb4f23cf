// The listening socket that a service manager opened before the daemon began: it outlives the daemon's crashes, so that
// clients wait in its queue in place of being refused.
import { lstatSync } from 'node:fs';
import { exitCodes, StartFailure } from '../base/start-failure.js';

/** What systemd puts into the environment. */
export interface Activation {
  readonly pid: string | undefined;
  readonly count: string | undefined;
  /** Names between colons. */
  readonly names: string | undefined;
}

/** The part of the host addon that knows sockets. */
export interface SocketSystem {
  activateSocket(name: string): readonly number[];
  listenerPath(descriptor: number): string | null;
}

export interface InheritedSocket {
  readonly descriptor: number;
  readonly path: string;
}

interface Options {
  readonly activation: Activation;
  readonly system: SocketSystem;
  /** The path of the settings, if they name one. */
  readonly path: string | undefined;
}

/** The name in the plist and in the socket unit. */
const name = 'acceld';
/** systemd's first descriptor. */
const descriptorFirst = 3;

const refused = (line: string): StartFailure => new StartFailure(exitCodes.configuration, line);

/** Undefined: no service manager handed one over. Throws StartFailure for a socket that the daemon must not serve. */
export function inheritedSocket({ activation, system, path }: Options): InheritedSocket | undefined {
  const [descriptor, ...others] = [...system.activateSocket(name), ...descriptorsOf(activation)];
  if (descriptor === undefined) return undefined;
  if (others.length > 0) throw refused(`the service manager must hand over one socket, not ${others.length + 1}`);
  const bound = system.listenerPath(descriptor);
  if (bound === null) throw refused(`descriptor ${descriptor} is not a listening Unix stream socket with a path`);
  if (path !== undefined && path !== bound)
    throw refused(`the service manager listens on ${bound}, the settings say ${path}: leave listeners.unix.path unset`);
  checkOwner(bound);
  return { descriptor, path: bound };
}

/** Variables that were meant for another process are none of ours: a parent may have passed its environment on. */
function descriptorsOf({ pid, count, names = '' }: Activation): number[] {
  if (count === undefined || Number(pid) !== process.pid) return [];
  if (!/^\d{1,3}$/.test(count)) throw refused(`LISTEN_FDS must be a small number, got ${JSON.stringify(count)}`);
  const named = names === '' ? [] : names.split(':');
  const foreign = named.find((each) => each !== name);
  if (foreign !== undefined)
    throw refused(`the service manager hands over the socket ${JSON.stringify(foreign)}; only "${name}" is known`);
  return Array.from({ length: Number(count) }, (_, index) => descriptorFirst + index);
}

function checkOwner(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isSocket()) throw refused(`the service manager's socket ${path} is gone: restart the service's socket`);
  if (stat.uid === 0 || stat.uid === process.geteuid?.()) return;
  throw new StartFailure(exitCodes.untrustedPath, `${path} is a socket of uid ${stat.uid}: neither root nor this user`);
}
