import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { orphansIn, sweepOrphans } from '../../../src/daemon/worker/orphans.js';
import { executables } from '../../support/worker.js';

describe('orphans', () => {
  it('are the workers of this folder, and no other process', () => {
    const list = [
      '  12 acceld worker gpu /run/a/worker-x1',
      ' 134 acceld compile gpu /run/a/compile-x2',
      ' 135 acceld worker gpu /run/b/worker-x3',
      ' 136 vi /run/a/worker-x1/notes',
      ' 137 node bin/acceld serve',
      '',
    ];
    assert.deepEqual(orphansIn(list.join('\n'), '/run/a'), [12, 134]);
  });

  it('are ended, though stopped, and what they wrote is removed', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'acceld-orphans-')));
    const work = join(folder, 'worker-x');
    mkdirSync(work);
    mkdirSync(join(folder, 'store'));
    const start = (at: string) =>
      spawn(executables.real, ['worker', 'cpu', at], {
        argv0: 'acceld',
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      });
    const [orphan, other] = [start(work), start('/elsewhere/worker-x')];
    const ended = new Promise((resolve) => orphan.once('exit', (_, signal) => resolve(signal)));
    orphan.kill('SIGSTOP');
    sweepOrphans(folder);
    assert.equal(await ended, 'SIGKILL');
    assert.deepEqual(readdirSync(folder), ['store']);
    assert.equal(other.exitCode ?? other.signalCode, null);
    other.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
});
