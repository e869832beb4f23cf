import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the builds of the addon lie. */
export const builds = fileURLToPath(new URL('../../build/Release/', import.meta.url));

interface ChildOptions {
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** Runs a script in a process of its own, with the addon as `addon`. */
export function inChild(script: string, { path = join(builds, 'host.node'), env = {}, uid }: ChildOptions = {}) {
  const source = `const addon = require(${JSON.stringify(path)}); ${script}`;
  const user = uid === undefined ? {} : { uid, cwd: '/' };
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 15_000, ...user } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', source], options);
  return { status, signal, stdout, stderr };
}
