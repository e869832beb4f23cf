// The checks that need no test runner. `npm run lint` runs them alone, `npm test` before the suites.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { capture, root } from './run.mjs';

/** A program of node_modules. */
const local = (name, ...args) => capture(join(root, 'node_modules/.bin', name), args);

const passed = { failure: '' };
const judge = ({ code, output }) => (code === 0 ? passed : { failure: output.trim() || `exit code ${code}` });

/** Each check: a name and a function that gives { failure } (empty: passed) or { missing } (the part it needs). */
export const checks = [
  { name: 'types', run: async () => judge(await local('tsc', '-p', 'tsconfig.test.json')) },
  { name: 'eslint', run: async () => judge(await local('eslint', '--max-warnings=0', '.')) },
  { name: 'prettier', run: async () => judge(await local('prettier', '--check', '--log-level=warn', '.')) },
  { name: 'proto-lint', run: async () => judge(await local('buf', 'lint')) },
  { name: 'proto-format', run: async () => judge(await local('buf', 'format', '-d', '--exit-code')) },
  {
    name: 'proto-breaking',
    run: async () => judge(await local('buf', 'breaking', '--against', 'proto/baseline.binpb')),
  },
  { name: 'generated', run: generatedIsCurrent },
  { name: 'clang-format', run: () => clangFormat('--dry-run', '--Werror') },
];

/** Every C++ and Metal source of ours; `build` folders hold other people's. */
export function nativeSources() {
  return readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(cc|cpp|h|mm|metal|cl)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/build/'))
    .sort();
}

export async function clangFormat(...options) {
  const benches = readdirSync(join(root, 'bench')).filter((name) => name.endsWith('.cc'));
  const sources = [...nativeSources(), ...benches.map((name) => join(root, 'bench', name))];
  const result = await capture('clang-format', [...options, ...sources]);
  return result.code === null ? { missing: 'clang-format' } : judge(result);
}

/** Generates into a copy of the tree's sources, so that a check never changes the tree. */
async function generatedIsCurrent() {
  const copy = mkdtempSync(join(tmpdir(), 'acceld-generate-'));
  try {
    for (const name of ['proto', 'scripts', 'buf.yaml', 'buf.gen.yaml', 'package.json']) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const result = await capture(process.execPath, ['scripts/generate.mjs'], { cwd: copy });
    if (result.code !== 0) return judge(result);
    const differing = ['src/gen', 'proto'].flatMap((folder) => differences(copy, folder));
    if (differing.length === 0) return passed;
    return { failure: `npm run generate changes ${differing.join(', ')}` };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function differences(copy, folder) {
  const [ours, fresh] = [filesOf(root, folder), filesOf(copy, folder)];
  const paths = new Set([...ours.keys(), ...fresh.keys()]);
  return [...paths].filter((path) => !ours.get(path)?.equals(fresh.get(path) ?? Buffer.alloc(0)));
}

function filesOf(base, folder) {
  const entries = readdirSync(join(base, folder), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(base, path), readFileSync(path)]));
}
