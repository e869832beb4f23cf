// Names and sizes of files and functions.
import ts from 'typescript';
import { select, type Files } from './files.js';
import { importsOf } from './imports.js';

export const fileLinesMax = 400;
export const functionLinesMax = 70;

const patterns: readonly [within: RegExp, name: RegExp, form: string][] = [
  [/\.(ts|mjs|cjs|js)$/, /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.config)?\.(ts|mjs|cjs|js)$/, 'kebab-case'],
  [/\.(cc|h|mm|metal|cl|proto|py)$/, /^[a-z0-9]+([_-][a-z0-9]+)*\.(cc|h|mm|metal|cl|proto|py)$/, 'snake_case'],
  [
    /^(src|native|test)\//,
    /^(?!(utils?|commons?|helpers?|managers?|handlers?|misc)\b)/,
    'a word that says what it does',
  ],
];

/** kebab-case, and snake_case in native/; no room called after nothing. */
export function fileNames(files: Files): string[] {
  return [...files.keys()].flatMap((path) => {
    const name = path.split('/').at(-1)!;
    const broken = patterns.filter(([within, pattern]) => within.test(path) && !pattern.test(name));
    const folder = path
      .split('/')
      .slice(0, -1)
      .find((part) => !patterns[2]![1].test(part));
    const problems = broken.map(([, , form]) => `${path}: the name must be ${form}`);
    return folder === undefined ? problems : [...problems, `${path}: the folder ${folder} must be ${patterns[2]![2]}`];
  });
}

const code = /\.(ts|mjs|cjs|js|cc|h|mm|metal|cl|py|proto)$/;

export function fileLengths(files: Files): string[] {
  return select(files, code).flatMap(([path, text]) => {
    const lines = text.trimEnd().split('\n').length;
    return lines > fileLinesMax ? [`${path}: ${lines} lines, at most ${fileLinesMax}`] : [];
  });
}

/** A ratchet: a function fits a screen. Suites of tests (describe) are lists, not functions. */
export function functionLengths(files: Files): string[] {
  const script = select(files, /\.(ts|mjs|cjs|js)$/).flatMap(([path, text]) => scriptFunctions(path, text));
  const native = select(files, /\.(cc|h|mm)$/).flatMap(([path, text]) => nativeFunctions(path, text));
  return [...script, ...native]
    .filter(({ lines }) => lines > functionLinesMax)
    .map(({ place, lines }) => `${place}: a function of ${lines} lines, at most ${functionLinesMax}`);
}

interface Sized {
  readonly place: string;
  readonly lines: number;
}

function scriptFunctions(path: string, text: string): Sized[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const found: Sized[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && !isSuite(node)) {
      const first = lineOf(node.getStart());
      found.push({ place: `${path}:${first}`, lines: lineOf(node.end) - first + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isSuite = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText());

/** With the project's clang-format a function begins at the margin and ends with a brace there. */
function nativeFunctions(path: string, text: string): Sized[] {
  const found: Sized[] = [];
  let first = 0;
  text.split('\n').forEach((line, index) => {
    const opens =
      /^[\w:~<>*&,[\]() ]+.*\{$/.test(line) && !/^(namespace|extern|struct|class|enum|union)\b.*[^)]\s*\{$/.test(line);
    if (opens && /\)[^;]*\{$/.test(line)) first = index + 1;
    else if (line.startsWith('}') && first > 0) {
      found.push({ place: `${path}:${first}`, lines: index + 2 - first });
      first = 0;
    }
  });
  return found;
}

/**
 * Every file of a room that decides something is the subject of a test: one of its room that imports it, or one of the
 * daemon as a process that names its path, for what only has effects.
 */
export function unitTests(files: Files): string[] {
  const imported = new Set(importsOf(files, /^test\/unit\//).map(({ from, to }) => `${roomOf(from)} ${to}`));
  const system = select(files, /^test\/(system|service)\//).map(([, text]) => text);
  return select(files, /^src\/daemon\/[a-z-]+\/[a-z-]+\.ts$/).flatMap(([path, text]) => {
    const isTested = imported.has(`${roomOf(path)} ${path}`) || system.some((test) => test.includes(path));
    const missing = `${path}: no test in test/unit/${roomOf(path)}/ imports it`;
    return hasLogic(path, text) && !isTested ? [missing] : [];
  });
}

const roomOf = (path: string): string => path.split('/')[2]!;

function hasLogic(path: string, text: string): boolean {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const decides = (node: ts.Node): boolean =>
    ts.isIfStatement(node) ||
    ts.isIterationStatement(node, false) ||
    ts.isSwitchStatement(node) ||
    ts.isConditionalExpression(node);
  const visit = (node: ts.Node): boolean => decides(node) || (ts.forEachChild(node, visit) ?? false);
  return visit(source);
}
