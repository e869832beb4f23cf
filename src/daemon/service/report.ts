// What status and logs show.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from './facts.js';
import type { Layout } from './layout.js';
import type { Situation } from './plans.js';

/** As init scripts have it, for monitoring. */
export const statusCodes = { running: 0, halfDone: 1, stopped: 3, absent: 4 } as const;

export interface Status {
  readonly code: number;
  readonly scope: string;
  readonly version: string | undefined;
  readonly previous: string | undefined;
  readonly node: string | undefined;
  readonly pid: number | undefined;
  readonly lastExit: string | undefined;
  readonly isLoaded: boolean;
  readonly socket: string;
  readonly config: string;
  readonly state: string;
  readonly logs: string | undefined;
  readonly problems: readonly string[];
}

export function statusOf({ layout, facts, state }: Situation): Status {
  const { scope, socket, config, logs } = layout;
  const { current, previous, problems } = facts;
  return {
    code: codeOf({ facts, state }),
    scope,
    version: current?.version,
    previous: previous?.version,
    node: current?.node,
    ...state,
    socket,
    config,
    state: layout.state,
    logs,
    problems,
  };
}

function codeOf({ facts, state }: Pick<Situation, 'facts' | 'state'>): number {
  if (facts.problems.length > 0) return statusCodes.halfDone;
  if (!isInstalled(facts)) return statusCodes.absent;
  return state.pid === undefined ? statusCodes.stopped : statusCodes.running;
}

export function statusText(status: Status): string {
  const { code, scope, version, previous, node, pid, lastExit, isLoaded, problems } = status;
  const waiting = isLoaded ? 'waits for a client' : 'stopped';
  const running = pid === undefined ? waiting : `running, pid ${pid}`;
  const lines = [
    code === statusCodes.absent ? `not installed (${scope})` : `acceld ${version ?? '?'} (${scope}): ${running}`,
    ...(lastExit === undefined ? [] : [`last exit  ${lastExit}`]),
    ...(node === undefined ? [] : [`Node.js    ${node}`]),
    ...(previous === undefined ? [] : [`previous   ${previous}`]),
    `socket     ${status.socket}`,
    `settings   ${status.config}`,
    `state      ${status.state}`,
    `logs       ${status.logs ?? 'the journal'}`,
    ...problems.map((problem) => `half done: ${problem}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** More than a thousand long lines. */
const tailBytesMax = 1024 * 1024;

/** The last lines of the log, and before them what was said before the log was open. */
export function lastLines({ logs }: Layout, lines: number): string {
  return ['start.log', 'acceld.log']
    .map((name) => join(logs!, name))
    .filter((path) => existsSync(path))
    .map((path) => tail(path, lines))
    .join('');
}

function tail(path: string, lines: number): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, tailBytesMax));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const kept = bytes.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
    return kept === '' ? '' : `${kept}\n`;
  } finally {
    closeSync(file);
  }
}
