// acceld top: a look at the daemon every second, until somebody has seen enough.
import { setTimeout as pause } from 'node:timers/promises';
import { Fault, type Client } from '../client/index.js';
import type { Screen } from './screen.js';
import { getStatus, type Status } from './status.js';
import type { Terminal } from './terminal.js';
import { linesOf } from './top-frame.js';

const lookMs = 1000;

/** One look where nobody sits at a screen, or where one was asked for. */
export async function top(client: Client, terminal: Terminal, { once }: { once: boolean }): Promise<void> {
  const first = await getStatus(client);
  if (once || !terminal.openScreen) {
    for (const { text } of linesOf({ status: first, before: undefined })) terminal.out(`${text}\n`);
    return;
  }
  const screen = terminal.openScreen();
  try {
    await watch(client, screen, first);
  } finally {
    screen.close();
  }
}

async function watch(client: Client, screen: Screen, first: Status): Promise<void> {
  const { stopped } = screen;
  let status = first;
  let before: Status | undefined;
  screen.draw(linesOf({ status, before }));
  while (!stopped.aborted) {
    await pause(lookMs, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    try {
      const next = await client.admin.getStatus({}, { signal: stopped });
      // Another process has other counts.
      before = next.pid === status.pid ? status : undefined;
      status = next;
      screen.draw(linesOf({ status, before }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // A daemon that is started anew comes back.
      screen.draw([
        { text: `${error.code}: ${error.message}; trying again`, isHead: true },
        ...linesOf({ status, before }),
      ]);
    }
  }
}
