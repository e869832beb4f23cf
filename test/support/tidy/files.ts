// What the rules read: the tree's own text files, by path. Rules are pure functions over such a map.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export type Files = ReadonlyMap<string, string>;

/** Returns violations, each "path:line: what is wrong" (or "path: …" where no line is meant). */
export type Rule = (files: Files) => string[];

/** Generated, foreign or deliberately wrong. */
const foreign =
  /^(\.git|node_modules|dist|build|native\/build|src\/gen|test\/fixtures|test\/reference|package-lock\.json)(\/|$)/;
const textFile =
  /(\.(ts|mjs|cjs|js|json|md|proto|cc|h|mm|metal|cl|py|sh|yaml|yml|gyp|gypi|plist|conf)|^\.ci\/run|^bin\/acceld|\/\.[a-z-]+)$/;

/** Every text file under `root` that this project's people write. */
export function readTree(root: string): Files {
  const files = new Map<string, string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = relative(root, join(folder, entry.name));
      if (foreign.test(path) || entry.name === '__pycache__') continue;
      if (entry.isDirectory()) visit(join(folder, entry.name));
      else if (entry.isFile() && textFile.test(path)) files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  visit(root);
  return files;
}

export function select(files: Files, pattern: RegExp): [path: string, text: string][] {
  return [...files].filter(([path]) => pattern.test(path));
}

/** Every place where `pattern` (with flag g) matches, by line. */
export function matches(text: string, pattern: RegExp): { line: number; match: string }[] {
  return [...text.matchAll(pattern)].map(({ index, 0: match }) => ({ line: lineAt(text, index), match }));
}

export const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;
