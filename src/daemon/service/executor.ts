// Carries a list of steps out, and takes back what it did when one fails.
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../base/clock.js';
import * as files from './file-steps.js';
import { nothing, type Done } from './file-steps.js';
import type { Layout } from './layout.js';
import { ServiceFailure } from './service-failure.js';
import {
  commandLine,
  runCommand,
  type ManagerAction,
  type ServiceManager,
  type ServiceState,
} from './service-manager.js';
import { describeStep, type Step } from './step.js';
import { checkTrusted } from './trust.js';

export interface World {
  readonly layout: Layout;
  readonly manager: ServiceManager;
  /** Users that may own what the service runs. */
  readonly trusted: readonly number[];
  /** Goes over what a command that was killed left behind. */
  readonly isRepair: boolean;
  readonly servingMsMax: number;
  readonly say: (line: string) => void;
  /** Whether the daemon answers and has this version. */
  readonly isServing: (version: string) => Promise<boolean>;
}

const pollMs = 50;
/** The daemon's own exit timeout is 20 s. */
const managerMsMax = 30_000;

/** Throws ServiceFailure; then everything is as it was, or the message says what is not. */
export async function carryOut(verb: string, steps: readonly Step[], world: World): Promise<void> {
  if (steps.length === 0) return;
  const { pending } = world.layout;
  if (world.isRepair) rmSync(pending, { force: true });
  mark(pending, verb);
  const done: Done[] = [];
  try {
    for (const step of steps) done.push(await perform(step, world));
  } catch (error) {
    const stuck = await takeBack(done);
    if (stuck.length === 0) unmark(pending);
    throw new ServiceFailure(`${verb} failed: ${(error as Error).message}\n${outcomeOf(stuck)}`);
  }
  for (const { forget } of done) forget?.();
  unmark(pending);
}

/** Also keeps two commands from working at once: only one can make the file. */
function mark(pending: string, verb: string): void {
  mkdirSync(dirname(pending), { recursive: true, mode: 0o755 });
  try {
    writeFileSync(pending, JSON.stringify({ verb, pid: process.pid }), { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new ServiceFailure(`another command works, or was killed: ${(error as Error).message}`);
  }
}

function unmark(pending: string): void {
  rmSync(pending, { force: true });
  const folder = dirname(pending);
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

async function takeBack(done: readonly Done[]): Promise<string[]> {
  const stuck: string[] = [];
  for (const { undo } of [...done].reverse()) {
    try {
      await undo();
    } catch (error) {
      stuck.push((error as Error).message);
    }
  }
  return stuck;
}

const outcomeOf = (stuck: readonly string[]): string =>
  stuck.length === 0
    ? 'Everything is as it was before, but for what the daemon itself wrote.'
    : `Not taken back:\n${stuck.map((each) => `  ${each}`).join('\n')}\nRun acceld service uninstall, then install.`;

async function perform(step: Step, world: World): Promise<Done> {
  world.say(describeStep(step, (action) => world.manager.commands(action).map(commandLine), { withText: false }));
  switch (step.do) {
    case 'folder':
      return files.makeFolder(step);
    case 'write':
      return files.writeText(step);
    case 'stage':
      return files.stage(step);
    case 'check':
      checkTrusted(step.path, world.trusted);
      return nothing;
    case 'move':
      return files.move(step);
    case 'copy':
      return files.copy(step);
    case 'link':
      return files.link(step);
    case 'remove':
      return files.remove(step);
    case 'manage':
      return manage(step.action, world);
    case 'serving':
      await waitFor(() => world.isServing(step.version), world.servingMsMax, `version ${step.version} does not serve`);
      return nothing;
  }
}

const opposite: Readonly<Record<ManagerAction, ManagerAction>> = {
  load: 'unload',
  unload: 'load',
  start: 'stop',
  stop: 'load',
  end: 'start',
  reread: 'reread',
};

const reached: Readonly<Record<ManagerAction, (state: ServiceState) => boolean>> = {
  load: ({ isLoaded }) => isLoaded,
  unload: ({ isLoaded, pid }) => !isLoaded && pid === undefined,
  start: ({ pid }) => pid !== undefined,
  stop: ({ isLoaded, pid }) => !isLoaded && pid === undefined,
  end: ({ pid }) => pid === undefined,
  reread: () => true,
};

async function manage(action: ManagerAction, { manager }: World): Promise<Done> {
  const undo = () => command(opposite[action], manager);
  try {
    await command(action, manager);
  } catch (error) {
    // Half of it may have happened.
    await undo();
    throw error;
  }
  return { undo };
}

async function command(action: ManagerAction, manager: ServiceManager): Promise<void> {
  const before = await manager.read();
  if (action !== 'load' && action !== 'reread' && reached[action](before)) return;
  const said: string[] = [];
  for (const each of manager.commands(action)) {
    const { code, text } = await runCommand(each);
    if (code === -1) throw new ServiceFailure(`${commandLine(each)} cannot be run: ${text.trim()}`);
    said.push(`${commandLine(each)}: ${code}${text ? `: ${text.trim()}` : ''}`);
  }
  const isReached = async (): Promise<boolean> => reached[action](await manager.read());
  await waitFor(isReached, managerMsMax, said.join('\n'));
}

async function waitFor(look: () => Promise<boolean>, msMax: number, failure: string): Promise<void> {
  const endNs = systemClock.nowNs() + msMax * 1e6;
  while (!(await look())) {
    if (systemClock.nowNs() > endNs) throw new ServiceFailure(failure);
    await pause(pollMs);
  }
}
