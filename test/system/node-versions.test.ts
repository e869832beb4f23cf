// The daemon, its addon and its tests on newer lines of Node.js: the addon is N-API and must load unchanged.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { needs } from '../support/missing.js';

const versions = ['22.23.3', '24.21.0'];
const root = fileURLToPath(new URL('../..', import.meta.url));
const unitTests =
  'test/unit/{admission,base,client,config,console,devices,operations,rpc,scheduler,telemetry}/**/*.test.ts';
/** A download of 50 MB over a slow line, then the unit tests on a busy machine. */
const testMsMax = 300_000;

describe('Node.js', () => {
  for (const version of versions) {
    it(`${version}: runs the demo and passes the unit tests`, function () {
      this.timeout(testMsMax);
      const node = install(version);
      needs(this, `Node.js ${version} from the npm registry`, node !== undefined);
      assert.equal(run(node!, ['--version']).trim(), `v${version}`);
      assert.notEqual(run(node!, ['bin/acceld', 'demo']), '');
      assert.match(run(node!, ['node_modules/mocha/bin/mocha.js', '--reporter=dot', unitTests]), /\d+ passing/);
    });
  }
});

/** Path of the runtime, installed into build/ once; undefined where it cannot be had. */
function install(version: string): string | undefined {
  const name = `node${process.platform === 'darwin' ? '-bin' : ''}-${process.platform}-${process.arch}`;
  const folder = join(root, 'build/node', version);
  const node = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const options = ['--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts', '--silent'];
  const { status } = spawnSync('npm', ['install', ...options, `${name}@${version}`], { cwd: folder });
  return status === 0 && existsSync(node) ? node : undefined;
}

function run(node: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(node, args, { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `node ${args.join(' ')}:\n${stdout}\n${stderr}`);
  return stdout;
}
