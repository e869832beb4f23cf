// Decides whether a socket may be spoken to. While the daemon is down, anybody who may write its directory could put a
// socket of their own there and read every request.
import { lstatSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { localFault, type Fault } from './fault.js';
import { unreachableFault } from './status-fault.js';

const groupAndOtherWrite = 0o022;

/** Throws unless the socket and its directory belong to root, this user or `serverUid`, and only they may replace it. */
export function assertTrustedSocket(socket: string, serverUid: number | undefined): void {
  const trusted = [0, process.getuid?.(), serverUid];
  const directory = dirname(socket);
  const directoryStats = read(() => statSync(directory), socket);
  if (!trusted.includes(directoryStats.uid)) {
    throw untrusted(
      `directory ${directory} belongs to uid ${directoryStats.uid}: if acceld runs as it, pass serverUid`,
    );
  }
  if ((directoryStats.mode & groupAndOtherWrite) !== 0) {
    throw untrusted(`directory ${directory} may be written by others: chmod go-w it`);
  }
  const stats = read(() => lstatSync(socket), socket);
  if (!stats.isSocket()) throw untrusted(`${socket} is not a socket: remove it, or name the daemon's socket`);
  if (!trusted.includes(stats.uid)) {
    throw untrusted(`${socket} belongs to uid ${stats.uid}: if acceld runs as it, pass serverUid`);
  }
}

function read(stat: () => Stats, socket: string): Stats {
  try {
    return stat();
  } catch (error) {
    throw unreachableFault(socket, error);
  }
}

const untrusted = (reason: string): Fault => localFault('SOCKET_UNTRUSTED', `refused to connect: ${reason}`);
