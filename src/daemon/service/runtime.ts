// The service's own copy of the program and of Node.js: what a package manager upgrades or removes does not touch it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { factsFile, type VersionFacts } from './facts.js';
import { ServiceFailure } from './service-failure.js';

/** Of the package; the addon and the worker are built already. */
const parts = [
  'package.json',
  'bin',
  'dist',
  'proto',
  'calendars',
  'launchd',
  'systemd',
  'build/Release/host.node',
  'build/Release/acceld-worker',
  'release-key.pem',
];
/** They build the addon. */
const notNeeded = ['node-gyp', 'node-addon-api'];

/** Lays node, app and installed.json into `folder`, and returns what is written there. */
export function copyRuntime(from: { appFolder: string; node: string }, folder: string): VersionFacts {
  const app = join(folder, 'app');
  mkdirSync(app, { recursive: true, mode: 0o755 });
  copyFileSync(from.node, join(folder, 'node'), constants.COPYFILE_FICLONE);
  chmodSync(join(folder, 'node'), 0o755);
  const node = startNode(join(folder, 'node'));
  for (const part of parts) {
    const source = join(from.appFolder, part);
    if (existsSync(source)) copyTree(source, join(app, part));
  }
  for (const module of modulesOf(from.appFolder)) copyTree(join(from.appFolder, module), join(app, module));
  const { version } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { version: string };
  const facts = { version, node, system: process.platform, processor: process.arch, digest: digestOf(folder) };
  writeFileSync(join(folder, factsFile), `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o644 });
  return facts;
}

/** A Node.js of a package manager may need that manager's libraries beside it. */
function startNode(path: string): string {
  try {
    return execFileSync(path, ['--version'], { env: {}, encoding: 'utf8' }).trim();
  } catch (error) {
    throw new ServiceFailure(`the copy of this Node.js does not start (${(error as Error).message}); use nodejs.org's`);
  }
}

/** Folders of the packages that run in service, those inside others included. */
export function modulesOf(appFolder: string): string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    const manifest = JSON.parse(readFileSync(join(appFolder, folder, 'package.json'), 'utf8')) as Manifest;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (notNeeded.includes(name)) continue;
      const module = findModule(appFolder, folder, name);
      if (module === undefined && manifest.optionalDependencies?.[name] !== undefined) continue;
      if (module === undefined) throw new ServiceFailure(`the package ${name} is missing: run npm ci`);
      if (found.has(module)) continue;
      found.add(module);
      visit(module);
    }
  };
  visit('');
  const folders = [...found];
  // What lies inside another comes along with it.
  return folders.filter((each) => !folders.some((other) => each.startsWith(`${other}/`))).sort();
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** As Node looks for it: beside the package that asks, then further up. */
function findModule(appFolder: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const module = join(folder, 'node_modules', name);
    if (existsSync(join(appFolder, module, 'package.json'))) return module;
    if (folder === '' || folder === '.') return undefined;
  }
}

/** Links become what they lead to, and nobody but the owner may write. */
function copyTree(from: string, to: string): void {
  if (statSync(from).isDirectory()) {
    mkdirSync(to, { recursive: true, mode: 0o755 });
    for (const name of readdirSync(from)) if (name !== '.bin') copyTree(join(from, name), join(to, name));
    return;
  }
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  copyFileSync(from, to);
  chmodSync(to, (statSync(from).mode & 0o111) === 0 ? 0o644 : 0o755);
}

export function digestOf(folder: string): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).sort()) {
      const inside = join(path, name);
      if (inside === factsFile) continue;
      if (lstatSync(join(folder, inside)).isDirectory()) visit(inside);
      else
        hash
          .update(`${inside}\0`)
          .update(readFileSync(join(folder, inside)))
          .update('\0');
    }
  };
  visit('');
  return hash.digest('hex');
}
