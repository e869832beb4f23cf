import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

/** Packages that bring an install script. None of them needs it, and allowScripts of package.json says so to npm. */
const withInstallScript = ['@bufbuild/buf', '@photostructure/sqlite', 'esbuild', 'protobufjs'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = <Type>(name: string): Type => JSON.parse(readFileSync(join(root, name), 'utf8')) as Type;

describe('package-lock.json', () => {
  const manifest = read<Manifest>('package.json');
  const packages = Object.entries(read<Lockfile>('package-lock.json').packages).filter(([path]) => path !== '');
  const failing = (isWrong: (entry: LockedPackage) => boolean): string[] =>
    packages.filter(([, entry]) => isWrong(entry)).map(([path]) => path);

  it('pins every direct dependency to one version', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
    }
  });

  it('has an integrity for every package', () => {
    assert.ok(packages.length > 100);
    assert.deepEqual(
      failing(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? '')),
      [],
    );
  });

  it('names no host, so that any registry can serve it', () => {
    assert.deepEqual(
      failing(({ resolved }) => resolved !== undefined),
      [],
    );
  });

  it('has install scripts in known packages alone, none of which npm may run', () => {
    const names = failing(({ hasInstallScript }) => hasInstallScript === true).map((path) =>
      path.replace(/^node_modules\//, ''),
    );
    assert.deepEqual(names.sort(), withInstallScript);
    assert.deepEqual(manifest.allowScripts, Object.fromEntries(withInstallScript.map((name) => [name, false])));
  });

  it('holds the binary of macOS on Apple silicon for every package that has one', () => {
    const wanted = packages.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {})).filter(isForMac);
    assert.ok(wanted.length > 0);
    const locked = new Set(packages.map(([path]) => path.replace(/^.*node_modules\//, '')));
    assert.deepEqual(
      wanted.filter((name) => !locked.has(name)),
      [],
    );
  });

  it('installs on macOS: npm ci accepts it for darwin-arm64', () => {
    const folder = mkdtempSync(join(tmpdir(), 'acceld-lockfile-'));
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      copyFileSync(join(root, name), join(folder, name));
    const options = ['--os=darwin', '--cpu=arm64', '--ignore-scripts', '--dry-run', '--offline'];
    const { status, stdout, stderr } = spawnSync('npm', ['ci', ...options], { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^add @bufbuild\/buf-darwin-arm64 /m);
    assert.doesNotMatch(stdout, /^add @bufbuild\/buf-linux/m);
  });
});

const isForMac = (name: string): boolean => /darwin-(arm64|universal)/.test(name);
