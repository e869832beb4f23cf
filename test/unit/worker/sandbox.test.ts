// A worker that was taken over tries everything that it must not be able to do, within the sandbox and outside of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { executables } from '../../support/worker.js';

/** Root's rights would hide what the rules leave open. */
const ordinaryUser = process.getuid!() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Errors by what a worker of `role` tried; 0: it went well. */
function attempts(role: 'hostile' | 'free', device: string, target: string): Map<string, string> {
  // With a parent of the same user. "; true" keeps the shell from becoming the program.
  const script = 'exec 4</dev/null; "$0" "$@"; true';
  const { stdout, status, signal } = spawnSync('/bin/sh', ['-c', script, join(target, 'worker'), role, device], {
    ...ordinaryUser,
    encoding: 'utf8',
    cwd: '/',
    env: { ACCELD_TARGET: join(target, 'files') },
    timeout: 10_000,
  });
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, stdout);
  return new Map(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ (.*)/s, 2) as [string, string]),
  );
}

describe('sandbox of a worker', () => {
  const target = mkdtempSync(join(tmpdir(), 'acceld-hostile-'));
  let server: Server;

  before((done) => {
    chmodSync(target, 0o755);
    const files = join(target, 'files');
    mkdirSync(files);
    copyFileSync(executables.test, join(target, 'worker'));
    for (const name of ['secret', 'a', 'doomed']) writeFileSync(join(files, name), 'secret');
    server = createServer().listen(join(files, 'socket'), () => {
      const { uid, gid } = { uid: process.getuid!(), gid: process.getgid!(), ...ordinaryUser };
      for (const name of ['.', 'secret', 'a', 'doomed', 'socket']) chownSync(join(files, name), uid, gid);
      done();
    });
  });
  after(() => {
    server.close();
    rmSync(target, { recursive: true });
  });

  for (const name of ['cpu', 'gpu']) {
    it(`lets a ${name} worker do nothing of it`, () => {
      const results = attempts('hostile', name, target);
      assert.equal(results.get('lacking'), '');
      assert.equal(results.get('descriptors'), '0');
      const tried = [...results].filter(([name]) => name !== 'lacking' && name !== 'descriptors');
      assert.ok(tried.length >= (process.platform === 'linux' ? 70 : 13));
      const allowed = tried.filter(([, error]) => error === '0').map(([name]) => name);
      assert.deepEqual(allowed, []);
      assert.equal(readFileSync(join(target, 'files/secret'), 'utf8'), 'secret');
      for (const name of ['created', 'folder', 'link', 'b'])
        assert.equal(existsSync(join(target, 'files', name)), false);
    });
  }

  it('is what keeps it: outside of it nearly all goes well', () => {
    const results = attempts('free', 'cpu', target);
    // The descriptor that the shell gave it.
    assert.notEqual(results.get('descriptors'), '0');
    results.delete('descriptors');
    results.delete('lacking');
    const refused = [...results].filter(([, error]) => error !== '0').map(([name]) => name);
    // What other sandboxes, as of containers, take from everybody.
    assert.ok(refused.length <= 5, refused.join());
  });
});
