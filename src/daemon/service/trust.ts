// Who could change what the service runs. A daemon of the system trusts root alone; an agent also its own user.
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ServiceFailure } from './service-failure.js';

/** The path, all that lies in it, and every folder on the way to it. Throws ServiceFailure. */
export function checkTrusted(path: string, owners: readonly number[]): void {
  checkTree(path, owners);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    checkOne(folder, owners);
    if (folder === dirname(folder)) return;
  }
}

function checkTree(path: string, owners: readonly number[]): void {
  checkOne(path, owners);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) checkTree(join(path, name), owners);
}

function checkOne(path: string, owners: readonly number[]): void {
  const { uid, mode, isLink } = factsOf(path);
  if (!owners.includes(uid))
    throw new ServiceFailure(
      `${path} belongs to uid ${uid}, which could change the service; it must be ${owners.join(' or ')}`,
    );
  const isSticky = (mode & 0o1000) !== 0;
  if (!isLink && !isSticky && (mode & 0o022) !== 0)
    throw new ServiceFailure(`${path} can be changed by others: it has mode 0${(mode & 0o7777).toString(8)}`);
}

function factsOf(path: string): { uid: number; mode: number; isLink: boolean } {
  const stat = lstatSync(path);
  return { uid: stat.uid, mode: stat.mode, isLink: stat.isSymbolicLink() };
}
