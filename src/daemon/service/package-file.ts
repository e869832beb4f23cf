// A version that comes as one local file, with a signature beside it. The key is that of the version in service: whoever
// could swap the package cannot swap the key.
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { factsFile, type VersionFacts } from './facts.js';
import { digestOf } from './runtime.js';
import { ServiceFailure } from './service-failure.js';

export const signatureEnding = '.sig';
export const keyFile = 'release-key.pem';

/** Throws ServiceFailure unless the package is signed by the key of the version in service. */
export function checkSignature(path: string, currentFolder: string): void {
  if (/^[a-z]+:\/\//i.test(path)) throw new ServiceFailure(`${path} is an address; fetch the package yourself`);
  const key = join(currentFolder, 'app', keyFile);
  if (!existsSync(key))
    throw new ServiceFailure(
      'the version in service has no release key: it was built from source; see docs/OPERATING.md',
    );
  for (const needed of [path, path + signatureEnding]) {
    if (!existsSync(needed)) throw new ServiceFailure(`${needed} is missing`);
  }
  const signature = readFileSync(path + signatureEnding);
  if (!verify(null, readFileSync(path), createPublicKey(readFileSync(key)), signature))
    throw new ServiceFailure(`${path} is not signed by the key of the version in service`);
}

/** What is inside, without unpacking it. The signature was checked. */
export function readPackage(path: string): VersionFacts {
  const text = tar('-xzOf', path, `./${factsFile}`);
  const facts = JSON.parse(text) as VersionFacts;
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(facts.version)) throw new ServiceFailure(`${path} has no version`);
  const [here, there] = [`${process.platform} ${process.arch}`, `${facts.system} ${facts.processor}`];
  if (here !== there) throw new ServiceFailure(`${path} is for ${there}, this machine is ${here}`);
  return facts;
}

/** The text of a file of the version that is inside. */
export const readTemplate = (path: string, name: string): string => tar('-xzOf', path, `./app/${name}`);

/** Into a new folder; files belong to whoever unpacks. */
export function unpack(path: string, folder: string): VersionFacts {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  tar('-xzf', path, '-C', folder, '--no-same-owner');
  const facts = JSON.parse(readFileSync(join(folder, factsFile), 'utf8')) as VersionFacts;
  if (digestOf(folder) !== facts.digest) throw new ServiceFailure(`${path} is damaged`);
  return facts;
}

function tar(...args: string[]): string {
  try {
    return execFileSync('tar', args, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  } catch (error) {
    throw new ServiceFailure(`the package cannot be read: ${(error as Error).message}`);
  }
}

/** Below 0: the first is the older one. A version with a word behind it, as 1.2.0-beta, comes before the one without. */
export function compareVersions(first: string, second: string): number {
  const [a, b] = [first, second].map((each) => /^(\d+)\.(\d+)\.(\d+)(?:-(.*))?$/.exec(each)!);
  for (const place of [1, 2, 3]) {
    const difference = Number(a![place]) - Number(b![place]);
    if (difference !== 0) return difference;
  }
  if (a![4] === b![4]) return 0;
  if (a![4] === undefined || b![4] === undefined) return a![4] === undefined ? 1 : -1;
  return a![4] < b![4] ? -1 : 1;
}
