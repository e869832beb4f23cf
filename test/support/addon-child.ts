import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from './scratch-folder.js';

/** Where the builds of the addon lie; test/native/native.test.ts has the tests of the addon run on instrumented ones. */
export const builds =
  process.env['ACCELD_TEST_BUILDS'] ?? fileURLToPath(new URL('../../build/Release/', import.meta.url));

/** Somebody other than root, whom few limits hold; and a copy of the addon that this user may load. */
export function asOrdinaryUser(): { uid: number; path: string } {
  const own = process.getuid!();
  const folder = scratchFolder('addon');
  chmodSync(folder, 0o755);
  const path = join(folder, 'host.node');
  copyFileSync(join(builds, 'host.node'), path);
  return { uid: own === 0 ? 65_534 : own, path };
}

interface ChildOptions {
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** Runs a script in a process of its own, with the addon as `addon`. */
export function inChild(script: string, { path = join(builds, 'host.node'), env = {}, uid }: ChildOptions = {}) {
  const source = `const addon = require(${JSON.stringify(path)}); ${script}`;
  const user = uid === undefined ? {} : { uid, cwd: '/' };
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000, ...user } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', source], options);
  return { status, signal, stdout, stderr };
}
