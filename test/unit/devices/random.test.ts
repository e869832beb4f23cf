// The random numbers of simulations against their reference rows, through the test entries of the addon.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { builds, inChild } from '../../support/addon-child.js';

interface PhiloxRow {
  readonly id: string;
  readonly rounds: number;
  readonly counter: readonly string[];
  readonly key: readonly string[];
  readonly output: readonly string[];
}

interface NormalRow {
  readonly id: string;
  readonly p: number;
  readonly x: number;
  readonly tolAbs: number;
}

function rowsOf<Row>(name: string): readonly Row[] {
  const file = new URL(`../../reference/${name}`, import.meta.url);
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: readonly Row[] };
  assert.ok(rows.length > 100);
  return rows;
}

/** What a script that makes `result` of `rows` gives on an instruction set, which a process chooses once. */
function compute<Result>(instructionSet: string, rows: readonly unknown[], script: string): readonly Result[] {
  const source = `const rows = ${JSON.stringify(rows)}; ${script}; console.log(JSON.stringify(result));`;
  const path = join(builds, 'host_test.node');
  const { status, stdout, stderr } = inChild(source, { path, env: { ACCELD_FORCE_ISA: instructionSet } });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Result[];
}

const words = (texts: readonly string[]) => texts.map((text) => Number.parseInt(text, 16));

const addon = loadHostAddon(join(builds, 'host.node'));

for (const instructionSet of addon.instructionSets) {
  describe(`random numbers on ${instructionSet}`, () => {
    it('are the published words of Philox4x32, with 7 and with 10 rounds', () => {
      const rows = rowsOf<PhiloxRow>('philox.json');
      assert.deepEqual([...new Set(rows.map(({ rounds }) => rounds))].sort(), [10, 7]);
      const arguments_ = rows.map(({ rounds, counter, key }) => [rounds, words(counter), words(key)]);
      const script = `const result = rows.map(([rounds, counter, key]) =>
        [...addon.philox(rounds, Uint32Array.from(counter), Uint32Array.from(key))])`;
      const results = compute<readonly number[]>(instructionSet, arguments_, script);
      rows.forEach(({ id, output }, index) => assert.deepEqual(results[index], words(output), id));
    });

    it('become normal by an inverse within its tolerances', () => {
      const rows = rowsOf<NormalRow>('normal-inverse.json');
      const probabilities = rows.map(({ p }) => p);
      const results = compute<number>(instructionSet, probabilities, 'const result = rows.map(addon.normalInverse)');
      rows.forEach(({ id, x, tolAbs }, index) => {
        const off = Math.abs(results[index]! - x);
        assert.ok(off <= tolAbs, `${id}: ${results[index]} is ${off} from ${x}`);
      });
    });
  });
}

describe('test entries of the addon', () => {
  it('are not in the build that the daemon loads', () => {
    assert.ok(!('philox' in addon) && !('normalInverse' in addon));
  });
});
