// The rules of the house, enforced on the whole tree; each is shown to fail on a fixture.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { readTree, type Files } from './support/tidy/files.js';
import { rules } from './support/tidy/rules.js';

const fixtures = new URL('fixtures/tidy/', import.meta.url);

/** Lines "expect VIOLATION", then files, each after a line "=== PATH"; "@repeat N TEXT" stands for N lines. */
function readFixture(name: string): { files: Files; expected: string[] } {
  const [head, ...parts] = readFileSync(new URL(`${name}.txt`, fixtures), 'utf8').split(/^=== /m);
  const files = parts.map((part): [string, string] => {
    const end = part.indexOf('\n');
    const text = part
      .slice(end + 1)
      .replace(/^@repeat (\d+) (.*)$/gm, (_, count, line) => Array(+count).fill(line).join('\n'));
    return [part.slice(0, end), text];
  });
  const expected = head!
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^expect /, ''));
  return { files: new Map(files), expected };
}

describe('tidy', () => {
  const tree = readTree(fileURLToPath(new URL('..', import.meta.url)));

  it('reads the whole tree', () => {
    for (const path of ['README.md', 'package.json', '.ci/run', 'src/daemon/daemon.ts', 'native/kernels/kernel.h']) {
      assert.ok(tree.has(path), path);
    }
  });

  it('has a fixture for every rule', () => {
    const names = readdirSync(fixtures).map((file) => file.replace(/\.txt$/, ''));
    assert.deepEqual(names.sort(), Object.keys(rules).sort());
  });

  for (const [name, rule] of Object.entries(rules)) {
    it(`${name}: the fixture is refused`, () => {
      const { files, expected } = readFixture(name);
      assert.ok(expected.length > 0);
      assert.deepEqual(rule(files).sort(), expected.sort());
    });

    it(`${name}: the tree is in order`, () => {
      const violations = rule(tree);
      assert.equal(violations.length, 0, `\n${violations.join('\n')}`);
    });
  }
});
