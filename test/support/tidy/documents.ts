// What the documents say about the tree, and what they must not leave out.
import ts from 'typescript';
import { matches, select, type Files } from './files.js';

const documents = /^(README\.md|docs\/.*\.md)$/;
/** `src/x.ts` in backticks, or the target of a link. A path with a placeholder names no file. */
const spoken =
  /`((?:\.ci|src|native|proto|test|bench|examples|scripts|docs|bin|launchd)\/[^`\s]*)`|\]\((?!https?:|#)([^)\s#]+)/g;

/** Every path that a document names exists. */
export function documentPaths(files: Files): string[] {
  return select(files, documents).flatMap(([path, text]) =>
    [...text.matchAll(spoken)].flatMap((match) => {
      const raw = match[1] ?? resolve(path, match[2]!);
      const named = raw.replace(/:\d+$/, '').replace(/\/$/, '');
      if (/[<>*{}…]/.test(named) || /^(src\/gen|test\/fixtures|test\/reference)\b/.test(named) || exists(files, named))
        return [];
      const line = text.slice(0, match.index).split('\n').length;
      return [`${path}:${line}: names ${named}, which does not exist`];
    }),
  );
}

const resolve = (document: string, target: string): string => new URL(target, `file:///${document}`).pathname.slice(1);

const exists = (files: Files, path: string): boolean =>
  files.has(path) || [...files.keys()].some((file) => file.startsWith(`${path}/`));

/** Every fault code and every metric is explained, and no document explains one that is gone. */
export function documented(files: Files): string[] {
  const texts = select(files, documents);
  const isNamed = (word: string): boolean => texts.some(([, text]) => text.includes(`\`${word}\``));
  const faults = keysOf(files, { path: 'src/daemon/base/fault.ts', table: 'faultKinds' });
  const metrics = metricNames(files);
  const silent = [...faults, ...metrics].filter((word) => !isNamed(word));
  const stale = texts.flatMap(([path, text]) =>
    matches(text, /\bacceld_[a-z_]+\b/g)
      .filter(({ match }) => !metrics.includes(match.replace(/_(bucket|sum|count)$/, '')) && !metrics.includes(match))
      .map(({ line, match }) => `${path}:${line}: names ${match}, which does not exist`),
  );
  return [...silent.map((word) => `docs: nothing explains ${word}`), ...stale];
}

function metricNames(files: Files): string[] {
  const sources = [...files].filter(([path]) => /^src\/daemon\/telemetry\/([a-z]+-)?metrics\.ts$/.test(path));
  return sources.flatMap(([, text]) => [...text.matchAll(/name: '(acceld_[a-z_]+)'/g)].map((match) => match[1]!));
}

/** Property names of a table `const <table> = { … }`. */
function keysOf(files: Files, { path, table }: { path: string; table: string }): string[] {
  const source = ts.createSourceFile(path, files.get(path) ?? '', ts.ScriptTarget.ES2022, true);
  const keys: string[] = [];
  const visit = (node: ts.Node): void => {
    const isTable = ts.isVariableDeclaration(node) && node.name.getText() === table && node.initializer !== undefined;
    const literal = isTable ? unwrap(node.initializer) : undefined;
    if (literal && ts.isObjectLiteralExpression(literal)) {
      keys.push(...literal.properties.map((property) => property.name!.getText()));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return keys;
}

/** Without `as const` and `satisfies`. */
const unwrap = (node: ts.Expression): ts.Expression =>
  ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? unwrap(node.expression) : node;
