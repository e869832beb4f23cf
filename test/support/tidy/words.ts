// Words that belong to one file, or to none.
import ts from 'typescript';
import { matches, select, type Files } from './files.js';

interface Owned {
  readonly what: string;
  /** Where the word is looked for. */
  readonly within: RegExp;
  readonly pattern: RegExp;
  /** The files that may use it. */
  readonly owners: RegExp;
}

const owned: readonly Owned[] = [
  {
    what: 'gRPC status codes',
    within: /^src\/(daemon|client|cli)\//,
    pattern: /\bstatus\b(?=[^;{}]*\} from '@grpc\/grpc-js')/g,
    owners: /^src\/(daemon\/rpc|client)\/[a-z-]*status[a-z-]*\.ts$/,
  },
  {
    what: 'metric names',
    within: /^src\/(daemon|client|cli)\//,
    pattern: /'prom-client'|['"`]acceld_[a-z_]+/g,
    owners: /^src\/daemon\/telemetry\/([a-z]+-)?metrics\.ts$/,
  },
  {
    what: "the daemon's environment",
    within: /^src\/daemon\//,
    pattern: /\bprocess\.env\b/g,
    owners: /^src\/daemon\/config\/environment\.ts$/,
  },
  {
    what: "the client's environment",
    within: /^src\/(client|cli)\//,
    pattern: /\bprocess\.env\b/g,
    owners: /^src\/(client\/socket-path|cli\/terminal)\.ts$/,
  },
  {
    what: 'the clock',
    within: /^src\/daemon\//,
    pattern: /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bprocess\.hrtime\b/g,
    owners: /^src\/daemon\/base\/clock\.ts$/,
  },
  {
    what: 'launchctl and systemctl',
    within: /^(src|bin|scripts)\//,
    pattern: /\b(launchctl|systemctl)\b/g,
    owners: /^src\/daemon\/service\/service-manager\.ts$/,
  },
];

/** Knowledge that only one file has. */
export function ownedWords(files: Files): string[] {
  return owned.flatMap(({ what, within, pattern, owners }) =>
    select(files, within)
      .filter(([path]) => !owners.test(path))
      .flatMap(([path, text]) =>
        matches(text, pattern).map(({ line, match }) => `${path}:${line}: only one file knows ${what}: ${match}`),
      ),
  );
}

const nowhere: readonly [pattern: RegExp, within: RegExp, reason: string][] = [
  [/\b(FIXME|TODO|XXX)\b/g, /./, 'finish it or write an issue'],
  [/\b(describe|it|context)\.only\(/g, /^test\//, 'would skip every other test'],
  [/\bconsole\.log\(/g, /^src\/(?!cli\/)/, 'announce an event'],
  [/(?<![\w.])\/(home|Users|root|work)\/[\w.-]+/g, /./, "a path of somebody's machine"],
];

/** The rules name what they forbid. */
const rules = /^test\/support\/tidy\//;

export function bannedWords(files: Files): string[] {
  return nowhere.flatMap(([pattern, within, reason]) =>
    select(files, within)
      .filter(([path]) => !rules.test(path))
      .flatMap(([path, text]) =>
        matches(text, pattern).map(({ line, match }) => `${path}:${line}: ${match.replace('(', '')}: ${reason}`),
      ),
  );
}

const operationIndex = 'src/daemon/operations/index.ts';

/** The operations, by file name, as operations/index.ts imports them. */
export function operationsOf(files: Files): string[] {
  const index = files.get(operationIndex) ?? '';
  const names = [...index.matchAll(/from '\.\/([a-z-]+)\.js'/g)].map((match) => match[1]!);
  return names.filter((name) => name !== 'operation');
}

/**
 * An operation is named in its own file, in the lists, and in files of operations/ that serve operations without being one.
 * The command line's examples are users of the API, and program.ts lists its commands.
 */
export function operationNames(files: Files): string[] {
  const operations = operationsOf(files);
  return operations.flatMap((operation) => {
    const others = operations.filter((other) => other !== operation).join('|');
    const allowed = new RegExp(
      `^src/daemon/operations/(?!(${others})\\.ts)|^src/cli/(commands/)?(demo|price|program|${operation})(-[a-z]+)*\\.ts$`,
    );
    const word = new RegExp(operation.replaceAll('-', '[-_]?'), 'i');
    return select(files, /^src\/(daemon|client|cli)\/.*\.ts$/)
      .filter(([path]) => !allowed.test(path))
      .flatMap(([path, text]) =>
        spokenWords(path, text)
          .filter(({ word: spoken }) => word.test(spoken) && !isProse(spoken))
          .map(({ line, word: spoken }) => `${path}:${line}: names the operation ${operation}: ${spoken.trim()}`),
      );
  });
}

/** A sentence for people, as an example in a help text. A name is one word. */
const isProse = (text: string): boolean => /\s/.test(text.trim());

/** Identifiers and texts of a source file; comments may speak of anything. */
function spokenWords(path: string, text: string): { line: number; word: string }[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const words: { line: number; word: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isIdentifier(node) ||
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    ) {
      words.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, word: node.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return words;
}
