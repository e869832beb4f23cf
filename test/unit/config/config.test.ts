import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { ConfigurationError, loadConfig } from '../../../src/daemon/config/config.js';

const directory = mkdtempSync(join(tmpdir(), 'acceld-config-'));
const file = join(directory, 'acceld.yaml');
after(() => rmSync(directory, { recursive: true }));

const load = (text: string) => {
  writeFileSync(file, text);
  return loadConfig(file, []);
};
const problems = (act: () => unknown): readonly string[] => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.exitCode, 78);
    return error.problems.map((problem) => problem.replaceAll(file, 'FILE'));
  }
  return assert.fail('the configuration was accepted');
};

describe('config', () => {
  it('fills in every default, with or without a file', () => {
    assert.deepEqual(load(''), loadConfig(undefined, []));
    assert.equal(load('http: {port: 1}').http.port, 1);
    assert.equal(load('http: {port: 1}').http.enabled, true);
  });

  it('reports every problem at once, with its path', () => {
    const found = problems(() =>
      load('http: {port: 70000, colour: red}\nlog: {level: loud}\nlisteners: {unix: {path: ""}}\nnonsense: 1'),
    );
    assert.equal(found.length, 5);
    for (const path of ['http.port', 'http.colour', 'log.level', 'listeners.unix.path', 'nonsense']) {
      assert.ok(
        found.some((problem) => problem.startsWith(`FILE: ${path}: `)),
        `${path} in ${found.join('\n')}`,
      );
    }
  });

  it('says where broken YAML breaks', () => {
    assert.match(problems(() => load('http:\n  port: [1,\n')).join(), /^FILE:\d+:\d+: /);
    assert.match(problems(() => load('http: 1\nhttp: 2')).join(), /^FILE:2:1: .*unique/);
  });

  it('refuses a file that is no map, is missing, too large, or built from aliases', () => {
    assert.match(problems(() => load('- 1')).join(), /must be a map/);
    assert.match(problems(() => loadConfig(join(directory, 'absent.yaml'), [])).join(), /cannot read/);
    assert.match(problems(() => load(`# ${'x'.repeat(1024 * 1024)}`)).join(), /larger than/);
    assert.match(problems(() => load('a: &a [1]\nb: [*a, *a]')).join(), /alias/i);
  });

  it('is not confused by the names of JavaScript', () => {
    const found = problems(() => load('__proto__: {http: {port: 1}}\nconstructor: 1'));
    assert.equal(found.length, 2);
    assert.equal(({} as { http?: unknown }).http, undefined);
  });

  it('lets overrides win and blames their source', () => {
    writeFileSync(file, 'http: {port: 1}');
    assert.equal(loadConfig(file, [{ source: '--http-port', path: 'http.port', value: 2 }]).http.port, 2);
    const found = problems(() => loadConfig(file, [{ source: '--http-port', path: 'http.port', value: 'two' }]));
    assert.match(found.join(), /^--http-port: http.port: /);
  });
});
