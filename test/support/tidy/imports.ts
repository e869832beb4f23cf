// The walls between rooms: who may import whom.
import { posix } from 'node:path';
import ts from 'typescript';
import { lineAt, select, type Files } from './files.js';

interface Import {
  readonly from: string;
  readonly line: number;
  /** Path of a file of this tree, or the name of a package. */
  readonly to: string;
}

/** The floors of src/daemon: each imports only from lower ones. */
const floors: readonly (readonly string[])[] = [
  ['base'],
  ['memory'],
  ['devices'],
  ['worker'],
  ['operations', 'admission', 'scheduler', 'models'],
  ['rpc'],
  ['open-devices.ts'],
  ['live-settings.ts'],
  ['doctor'],
  ['daemon.ts'],
  ['main.ts'],
];
/** Beside the floors: what each imports. daemon.ts alone imports them, but for those named below. */
const side: Readonly<Record<string, readonly string[]>> = {
  telemetry: ['base'],
  policy: ['base'],
  console: ['base', 'telemetry'],
  config: ['base'],
  service: ['base'],
};
const sideReaders: Readonly<Record<string, readonly string[]>> = {
  config: ['main.ts', 'live-settings.ts', 'open-devices.ts', 'doctor'],
  policy: ['main.ts'],
  service: ['main.ts'],
};

const floorOf = (room: string): number => floors.findIndex((floor) => floor.includes(room));

export function importsOf(files: Files, pattern: RegExp): Import[] {
  return select(files, pattern).flatMap(([from, text]) =>
    ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => {
      const isRelative = fileName.startsWith('.');
      const to = isRelative ? posix.join(posix.dirname(from), fileName).replace(/\.js$/, '.ts') : fileName;
      return { from, to, line: lineAt(text, pos) };
    }),
  );
}

/** The floors and walls of the daemon; client and command line never reach into it. */
export function walls(files: Files): string[] {
  return importsOf(files, /^src\/(daemon|client|cli)\//).flatMap(({ from, to, line }) => {
    const problem = from.startsWith('src/daemon/') ? daemonProblem(from, to) : clientProblem(from, to);
    return problem === undefined ? [] : [`${from}:${line}: ${problem}`];
  });
}

function clientProblem(from: string, to: string): string | undefined {
  const part = from.split('/')[1]!;
  const allowed = part === 'cli' ? /^src\/(cli|client|gen)\// : /^src\/(client|gen)\//;
  return to.startsWith('src/') && !allowed.test(to) ? `src/${part} must not import ${to}` : undefined;
}

function daemonProblem(from: string, to: string): string | undefined {
  const room = from.split('/')[2]!;
  if (floorOf(room) < 0 && !(room in side)) return `no such room: ${room}`;
  const isOfTree = /^(src|test|bench|scripts|examples)\//.test(to);
  if (!isOfTree)
    return room === 'base' && !to.startsWith('node:') ? `base must not import the package ${to}` : undefined;
  if (to.startsWith('src/gen/')) return undefined;
  if (!to.startsWith('src/daemon/')) return `src/daemon must not import ${to}`;
  const target = to.split('/')[2]!;
  return target === room || mayImport(room, target) ? undefined : `${room} must not import ${target}`;
}

function mayImport(room: string, target: string): boolean {
  if (room in side) return side[room]!.includes(target);
  if (target in side) return room === 'daemon.ts' || (sideReaders[target] ?? []).includes(room);
  return floorOf(target) >= 0 && floorOf(target) < floorOf(room);
}

/** No file of src/ imports itself through others. Each circle is reported once, from its first file. */
export function circles(files: Files): string[] {
  const graph = new Map<string, string[]>();
  for (const { from, to } of importsOf(files, /^src\/(?!gen\/)/)) graph.set(from, [...(graph.get(from) ?? []), to]);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) found.push(`${file}: imports in a circle: ${[...way.slice(start), file].join(' → ')}`);
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of [...graph.keys()].sort()) visit(file, []);
  return found;
}
