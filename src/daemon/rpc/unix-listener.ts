// A Unix socket that nobody else can take, spoof or tamper with: trusted directories, a lock, no links followed.
import { chmodSync, lstatSync, mkdirSync, realpathSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, resolve } from 'node:path';
import { socketPathBytesMax } from '../base/limits.js';
import { exitCodes, StartFailure } from '../base/start-failure.js';
import type { HostAddon } from '../devices/host-addon.js';

interface Options {
  readonly path: string;
  readonly addon: HostAddon;
  readonly onConnection: (socket: Socket) => void;
  /** This daemon has claimed the path, or another socket in the same directory: that lock holds for this one too. */
  readonly isClaimed?: boolean;
  /** The service manager listens already: the path, its mode and its removal are the manager's. */
  readonly descriptor?: number | undefined;
}

/**
 * Not half-open, unlike Node's own HTTP/2 server: a client that was killed is noticed at once and its work ends, where a
 * half-open connection would keep its jobs running until something is written to it.
 */
export const connectionOptions = { allowHalfOpen: false, noDelay: true } as const;

const untrusted = (message: string): StartFailure => new StartFailure(exitCodes.untrustedPath, message);

/** Listens with mode 0600 in a directory of mode 0700. Throws StartFailure with a reason for people. */
export async function listenUnix(options: Options): Promise<Server> {
  const { path, addon, onConnection, isClaimed = false, descriptor } = options;
  const whole = checkedPath(path);
  if (!isClaimed) claimUnix(whole, addon);
  const server = createServer(connectionOptions, onConnection);
  if (descriptor !== undefined) {
    await listening(server, { fd: descriptor });
    return server;
  }
  await removeStale(whole);
  await listening(server, { path: whole });
  chmodSync(whole, 0o600);
  return server;
}

/** From then on the path and its directory are this process's alone, until it ends. Throws StartFailure. */
export function claimUnix(path: string, addon: HostAddon): void {
  const whole = checkedPath(path);
  prepareDirectory(dirname(whole));
  if (takeLock(addon, `${whole}.lock`)) return;
  throw new StartFailure(exitCodes.alreadyRunning, `another daemon serves ${whole}`);
}

function checkedPath(path: string): string {
  const whole = resolve(path);
  const bytes = Buffer.byteLength(whole);
  if (bytes <= socketPathBytesMax) return whole;
  const line = `the socket path has ${bytes} bytes, at most ${socketPathBytesMax} are possible: ${whole}`;
  throw new StartFailure(exitCodes.configuration, line);
}

function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw untrusted(`cannot create the socket's directory ${directory}: ${(error as Error).message}`);
  }
  const own = process.geteuid?.();
  const { uid, mode } = lstatSync(directory);
  if (uid !== own) throw untrusted(`${directory} must be owned by uid ${own}, it is owned by uid ${uid}`);
  if ((mode & 0o077) !== 0) throw untrusted(`${directory} must have mode 0700, it has 0${(mode & 0o777).toString(8)}`);
  checkAncestors(directory, own);
  // And what the links on the way lead to.
  checkAncestors(realpathSync(directory), own);
}

/** Whoever can rename an ancestor can put another socket in our place. */
function checkAncestors(directory: string, own: number | undefined): void {
  for (let path = directory; ; path = dirname(path)) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) {
      // /tmp and /var are links on macOS.
      if (stat.uid !== 0 && stat.uid !== own) throw untrusted(`${path} is a link of uid ${stat.uid}`);
    } else if (!stat.isDirectory()) {
      throw untrusted(`${path} is not a directory`);
    } else if (stat.uid !== 0 && stat.uid !== own) {
      throw untrusted(`${path} is owned by uid ${stat.uid}: neither root nor this user`);
    } else if ((stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0) {
      throw untrusted(`${path} can be changed by other users: it has mode 0${(stat.mode & 0o7777).toString(8)}`);
    }
    if (path === dirname(path)) return;
  }
}

function takeLock(addon: HostAddon, path: string): boolean {
  try {
    return addon.lockFile(path);
  } catch (error) {
    throw untrusted(`cannot lock ${path}: ${(error as Error).message}`);
  }
}

/** Under the lock: a socket of ours that nobody answers is left over from a daemon that was killed. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw untrusted(`${path} exists and is not a socket`);
  if (stat.uid !== process.geteuid?.()) throw untrusted(`${path} is a socket of uid ${stat.uid}`);
  if (await answers(path)) throw new StartFailure(exitCodes.alreadyRunning, `another program serves ${path}`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    const end = (alive: boolean) => (): void => {
      socket.destroy();
      done(alive);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}

function listening(server: Server, place: { path: string } | { fd: number }): Promise<void> {
  return new Promise((done, reject) => {
    const named = 'path' in place ? place.path : `descriptor ${place.fd}`;
    server.once('error', (error) =>
      reject(new StartFailure(exitCodes.system, `cannot listen on ${named}: ${error.message}`)),
    );
    const before = process.umask(0o177);
    server.listen(place, () => done());
    process.umask(before);
  });
}
