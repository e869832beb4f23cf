// What is installed, read from the disk. A state that no finished command leaves behind is named, and not built upon.
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Layout } from './layout.js';

/** What a version says of itself, in installed.json of its folder. */
export interface VersionFacts {
  readonly version: string;
  /** Of the Node.js that it brings. */
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  /** SHA-256 over every file of it, but this one. */
  readonly digest: string;
}

export interface Facts {
  readonly current: VersionFacts | undefined;
  readonly previous: VersionFacts | undefined;
  readonly hasUnits: boolean;
  /** Empty: nothing is half done. */
  readonly problems: readonly string[];
}

export const factsFile = 'installed.json';
export const isInstalled = (facts: Facts): boolean => facts.current !== undefined && facts.hasUnits;

export function readFacts(layout: Layout): Facts {
  const problems: string[] = [];
  const current = readVersion(layout, layout.current, problems);
  const previous = readVersion(layout, layout.previous, problems);
  const units = layout.units.map(({ path }) => ({ path, isThere: exists(path) }));
  const hasUnits = units.every(({ isThere }) => isThere);
  const pending = readPending(layout);
  if (pending !== undefined) problems.push(pending);
  const lone = units.filter(({ isThere }) => isThere !== (current !== undefined));
  for (const { path, isThere } of lone) {
    problems.push(isThere ? `${path} is there, but no version is` : `${path} is missing`);
  }
  return { current, previous, hasUnits, problems };
}

/** Undefined: the link is not there. A link to nothing whole is a problem. */
function readVersion(layout: Layout, link: string, problems: string[]): VersionFacts | undefined {
  if (!exists(link)) return undefined;
  try {
    const target = readlinkSync(link);
    if (dirname(target) !== basename(layout.versions)) throw new Error(`it leads to ${target}`);
    const facts = JSON.parse(readFileSync(join(link, factsFile), 'utf8')) as VersionFacts;
    for (const part of ['node', 'app/bin/acceld']) statSync(join(link, part));
    return facts;
  } catch (error) {
    problems.push(`${link} is no whole version: ${(error as Error).message}`);
    return undefined;
  }
}

function readPending({ pending }: Layout): string | undefined {
  if (!exists(pending)) return undefined;
  try {
    const { verb, pid } = JSON.parse(readFileSync(pending, 'utf8')) as { verb: string; pid: number };
    return `"acceld service ${verb}" of process ${pid} did not finish, or still runs`;
  } catch {
    return `${pending} was left behind`;
  }
}

/** A link counts, wherever it leads. */
export const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
