// What each command does, as a list of steps. Pure: everything it needs to know is handed in.
import { dirname, join } from 'node:path';
import { isInstalled, type Facts, type VersionFacts } from './facts.js';
import type { Layout, Owner } from './layout.js';
import { ServiceFailure } from './service-failure.js';
import type { ServiceState } from './service-manager.js';
import type { StageSource, Step } from './step.js';
import { compareVersions } from './package-file.js';
import { fill, wordsOf } from './templates.js';

export interface Situation {
  readonly layout: Layout;
  /** Whom the service runs as. */
  readonly owner: Owner;
  readonly facts: Facts;
  readonly state: ServiceState;
  /** Names in the folder of versions. */
  readonly versions: readonly string[];
  readonly hasConfig: boolean;
}

/** A version to be laid beside the others. */
export interface Arrival {
  readonly facts: Pick<VersionFacts, 'version'> & Partial<VersionFacts>;
  readonly source: StageSource;
  /** The text of a template of that version. */
  readonly template: (path: string) => string;
}

const configText = '# Settings of acceld: docs/OPERATING.md lists them, acceld check-config checks them.\n';

export function install(situation: Situation, { facts: arriving, source, template }: Arrival): Step[] {
  const { layout, facts, hasConfig } = situation;
  if (isInstalled(facts) && facts.problems.length === 0) {
    if (facts.current!.version !== arriving.version)
      throw new ServiceFailure(`version ${facts.current!.version} is installed: use upgrade, or uninstall first`);
    return start(situation);
  }
  return [
    ...(situation.state.isLoaded ? [{ do: 'manage', action: 'unload' } as const] : []),
    ...arrive(situation, { version: arriving.version, source }),
    ...(hasConfig ? [] : writeFile(layout.config, configText)),
    ...ownFolders(situation),
    ...point(layout.current, arriving.version),
    ...units(situation, template),
    ...[layout.config, ...layout.units.map(({ path }) => path)].map((path): Step => ({ do: 'check', path })),
    { do: 'manage', action: 'load' },
    { do: 'serving', version: arriving.version },
  ];
}

export interface UpgradeOptions {
  readonly isDowngradeAllowed: boolean;
}

export function upgrade(situation: Situation, arrival: Arrival, { isDowngradeAllowed }: UpgradeOptions): Step[] {
  const { layout, facts } = situation;
  const old = whole(facts);
  const { version } = arrival.facts;
  const order = compareVersions(version, old.version);
  if (order === 0) throw new ServiceFailure(`version ${version} is in service already`);
  if (order < 0 && !isDowngradeAllowed)
    throw new ServiceFailure(`version ${version} is older than ${old.version}: rollback, or --allow-downgrade`);
  return [
    ...arrive(situation, { version, source: arrival.source }),
    { do: 'manage', action: 'unload' },
    // Stopped: a database that is written to must not be copied.
    { do: 'remove', path: join(layout.backups, old.version) },
    { do: 'copy', from: layout.state, to: join(layout.backups, old.version) },
    ...point(layout.previous, old.version),
    ...point(layout.current, version),
    ...units(situation, arrival.template),
    { do: 'manage', action: 'load' },
    { do: 'serving', version },
    ...forgetOthers(situation, [version, old.version]),
  ];
}

export interface RollbackOptions {
  /** Freezes, tokens and history written since the upgrade go, too. */
  readonly restoresState: boolean;
  /** The text of a template of the previous version. */
  readonly template: (path: string) => string;
}

export function rollback(situation: Situation, { restoresState, template }: RollbackOptions): Step[] {
  const { layout, facts } = situation;
  const now = whole(facts);
  const { previous } = facts;
  if (previous === undefined) throw new ServiceFailure('there is no previous version to go back to');
  const backup = join(layout.backups, previous.version);
  const restored: Step[] = [
    { do: 'remove', path: layout.state },
    { do: 'copy', from: backup, to: layout.state },
  ];
  return [
    { do: 'manage', action: 'unload' },
    ...(restoresState ? restored : []),
    ...point(layout.previous, now.version),
    ...point(layout.current, previous.version),
    ...units(situation, template),
    { do: 'manage', action: 'load' },
    { do: 'serving', version: previous.version },
  ];
}

/** From any state, half done ones included. State, settings and logs stay unless all is purged. */
export function uninstall({ layout, state }: Situation, { isPurge }: { readonly isPurge: boolean }): Step[] {
  const { rotation, logs } = layout;
  const code = [layout.current, layout.previous, layout.versions, layout.backups, layout.run, ownerFile(layout)];
  const data = [layout.state, layout.config, ...(logs === undefined ? [] : [logs])];
  const made = [...layout.units, ...(rotation === undefined ? [] : [rotation])].map(({ path }) => path);
  return [
    ...(state.isLoaded || state.pid !== undefined ? [{ do: 'manage', action: 'unload' } as const] : []),
    ...[...made, ...code, ...(isPurge ? data : [])].map((path): Step => ({ do: 'remove', path })),
    { do: 'manage', action: 'reread' },
  ];
}

export function start({ facts, state }: Situation): Step[] {
  const { version } = whole(facts);
  const serving: Step = { do: 'serving', version };
  if (state.pid !== undefined) return [];
  return [{ do: 'manage', action: state.isLoaded ? 'start' : 'load' }, serving];
}

export function stop({ facts, state }: Situation): Step[] {
  whole(facts);
  return state.isLoaded || state.pid !== undefined ? [{ do: 'manage', action: 'stop' }] : [];
}

export function restart(situation: Situation): Step[] {
  const { version } = whole(situation.facts);
  if (situation.state.pid === undefined) return start(situation);
  return [
    { do: 'manage', action: 'end' },
    { do: 'manage', action: 'start' },
    { do: 'serving', version },
  ];
}

function whole(facts: Facts): VersionFacts {
  if (!isInstalled(facts)) throw new ServiceFailure('acceld is not installed: run acceld service install');
  return facts.current!;
}

function arrive(
  { layout, versions }: Situation,
  { version, source }: { version: string; source: StageSource },
): Step[] {
  const [beside, folder] = [join(layout.versions, `${version}.new`), join(layout.versions, version)];
  return [
    { do: 'folder', path: layout.versions, mode: 0o755 },
    { do: 'stage', source, to: beside },
    { do: 'check', path: beside },
    ...(versions.includes(version) ? [{ do: 'remove', path: folder } as const] : []),
    { do: 'move', from: beside, to: folder },
  ];
}

/** The link is relative: it leads to the same version wherever the prefix is looked at from. */
const point = (link: string, version: string): Step[] => [{ do: 'link', path: link, target: `versions/${version}` }];

/** systemd makes the run folder, and the system's state folder, with the right owner. */
function ownFolders({ layout, owner }: Situation): Step[] {
  const folders = [layout.state, ...(layout.system === 'darwin' ? [layout.run, layout.logs!] : [])];
  return [
    ...folders.map((path): Step => ({ do: 'folder', path, mode: 0o700, owner })),
    ...writeFile(ownerFile(layout), `${JSON.stringify({ user: owner.name })}\n`),
  ];
}

/** Whom later commands find the service running as. */
export const ownerFile = ({ prefix }: Layout): string => join(prefix, 'service.json');

function units({ layout, owner }: Situation, template: (path: string) => string): Step[] {
  const words = wordsOf(layout, owner);
  const filled = [...layout.units, ...(layout.rotation === undefined ? [] : [layout.rotation])];
  return filled.flatMap(({ path, template: from }) => writeFile(path, fill(from, template(from), words)));
}

/** A fresh account may lack the folder. */
const writeFile = (path: string, text: string): Step[] => [
  { do: 'folder', path: dirname(path), mode: 0o755 },
  { do: 'write', path, text, mode: 0o644 },
];

function forgetOthers({ layout, versions }: Situation, kept: readonly string[]): Step[] {
  const others = versions.filter((each) => !kept.includes(each));
  return others.map((each): Step => ({ do: 'remove', path: join(layout.versions, each) }));
}
