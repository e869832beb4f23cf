// The steps that change files, each with the way back.
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { exists } from './facts.js';
import { unpack } from './package-file.js';
import { copyRuntime } from './runtime.js';
import { ServiceFailure } from './service-failure.js';
import type { Step } from './step.js';

/** Takes back one step. `forget` drops what was kept for that, once all went well. */
export interface Done {
  readonly undo: () => void | Promise<void>;
  readonly forget?: () => void;
}

export const nothing: Done = { undo: () => undefined };

type Of<Kind extends Step['do']> = Extract<Step, { do: Kind }>;

export function makeFolder({ path, mode, owner }: Of<'folder'>): Done {
  const first = exists(path) ? undefined : mkdirSync(path, { recursive: true, mode: 0o755 });
  if (!lstatSync(path).isDirectory()) throw new ServiceFailure(`${path} is not a folder`);
  if (first === undefined && owner === undefined) return nothing;
  const before = lstatSync(path);
  // Never through a link that the owner may have put there: the folder was seen above, and its parent is root's.
  chmodSync(path, mode);
  if (owner !== undefined && (before.uid !== owner.uid || before.gid !== owner.gid))
    chownSync(path, owner.uid, owner.gid);
  if (first === undefined) return nothing;
  return {
    undo: () => {
      // What the daemon wrote there stays: its log says why it did not come to serve.
      for (let folder = path; readdirSync(folder).length === 0; folder = dirname(folder)) {
        rmdirSync(folder);
        if (folder === first) return;
      }
    },
  };
}

export function writeText({ path, text, mode }: Of<'write'>): Done {
  const before = exists(path) ? readFileSync(path, 'utf8') : undefined;
  if (before === text) return nothing;
  replace(path, text, mode);
  return { undo: () => (before === undefined ? rmSync(path) : replace(path, before, mode)) };
}

function replace(path: string, text: string, mode: number): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { flag: 'wx', mode });
  chmodSync(beside, mode);
  renameSync(beside, path);
}

export function stage({ source, to }: Of<'stage'>): Done {
  const undo = (): void => rmSync(to, { recursive: true, force: true });
  undo();
  try {
    if (source.kind === 'own') copyRuntime(source, to);
    else unpack(source.path, to);
  } catch (error) {
    undo();
    throw error;
  }
  return { undo };
}

export function link({ path, target }: Of<'link'>): Done {
  const before = exists(path) ? readlinkSync(path) : undefined;
  relink(path, target);
  return { undo: () => (before === undefined ? rmSync(path) : relink(path, before)) };
}

function relink(path: string, target: string): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  symlinkSync(target, beside);
  renameSync(beside, path);
}

/** Moved aside until everything else went well. */
export function remove({ path }: Of<'remove'>): Done {
  if (!exists(path)) return nothing;
  const aside = `${path}.removed`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(path, aside);
  return { undo: () => renameSync(aside, path), forget: () => rmSync(aside, { recursive: true, force: true }) };
}

export function move({ from, to }: Of<'move'>): Done {
  renameSync(from, to);
  return { undo: () => renameSync(to, from) };
}

/** With owners and modes: the state belongs to the service's user. */
export function copy({ from, to }: Of<'copy'>): Done {
  const undo = (): void => rmSync(to, { recursive: true, force: true });
  undo();
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  try {
    copyOwned(from, to);
  } catch (error) {
    undo();
    throw error;
  }
  return { undo };
}

function copyOwned(from: string, to: string): void {
  const { uid, gid, mode, ...stat } = lstatSync(from);
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  // Sockets and links are no state; a link could lead out of it.
  if (!isFolder && !isFile) return;
  if (isFolder) mkdirSync(to, { mode: 0o700 });
  else copyFileSync(from, to);
  if (isFolder) for (const name of readdirSync(from)) copyOwned(join(from, name), join(to, name));
  chmodSync(to, mode & 0o7777);
  if (process.geteuid?.() === 0) chownSync(to, uid, gid);
  utimesSync(to, stat.atime, stat.mtime);
}
