// Flags over environment over file over defaults. Every problem is reported at once, with its path.
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { exitCodes, StartFailure } from '../base/start-failure.js';
import { anyoneTrusts, readFile } from './file.js';
import { schema, type Config } from './schema.js';

/** Settings from the command line or the environment: paths of the schema, as "listeners.unix.path". */
export interface Override {
  /** The flag or the variable, for error messages. */
  readonly source: string;
  readonly path: string;
  readonly value: string | number | boolean;
}

export class ConfigurationError extends StartFailure {
  constructor(readonly problems: readonly string[]) {
    super(exitCodes.configuration, `configuration refused: ${problems.join('; ')}`);
  }
}

/** For anybody's look at a file; a daemon reads its own through Source. */
export function loadConfig(file: string | undefined, overrides: readonly Override[]): Config {
  return parseConfig(file === undefined ? '' : readText(file, anyoneTrusts), { file, overrides });
}

/** `text`: of the file. */
export function parseConfig(
  text: string,
  { file, overrides }: { readonly file: string | undefined; readonly overrides: readonly Override[] },
): Config {
  const tree = readTree(text, file ?? 'configuration');
  for (const override of overrides) set(tree, override.path.split('.'), override.value);
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  throw new ConfigurationError(result.error.issues.flatMap((issue) => describe(issue, file, overrides)));
}

/** SHA-256 of settings with every default filled in, first 16 hexadecimal digits. */
export const hashOf = (config: Config): string =>
  createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);

type Tree = Record<string, unknown>;

export function readText(file: string, isTrusted: (stats: Stats) => string | undefined): string {
  try {
    return readFile(file, isTrusted);
  } catch (error) {
    throw new ConfigurationError([`cannot read ${file}: ${(error as Error).message}`]);
  }
}

function readTree(text: string, file: string): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const problems = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `${file}:${line}:${col}: ${error.message}`;
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  const tree: unknown = toTree(document, file);
  if (tree === null) return {};
  if (typeof tree !== 'object' || Array.isArray(tree))
    throw new ConfigurationError([`${file}: must be a map of settings`]);
  return tree as Tree;
}

function toTree(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new ConfigurationError([`${file}: ${(error as Error).message}`]);
  }
}

function set(tree: Tree, [key, ...rest]: readonly string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const child = tree[key];
  const branch: Tree = typeof child === 'object' && child !== null ? { ...child } : {};
  tree[key] = branch;
  set(branch, rest, value);
}

function describe(issue: z.core.$ZodIssue, file: string | undefined, overrides: readonly Override[]): string[] {
  const path = issue.path.join('.');
  const source = overrides.find((override) => override.path === path)?.source ?? file ?? 'configuration';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${source}: ${[path, key].filter(Boolean).join('.')}: no such setting`);
  }
  return [`${source}: ${path || '(top)'}: ${issue.message}`];
}
