import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { readFacts } from '../../../src/daemon/service/facts.js';
import * as files from '../../../src/daemon/service/file-steps.js';
import { layoutOf } from '../../../src/daemon/service/layout.js';
import { digestOf, modulesOf } from '../../../src/daemon/service/runtime.js';
import { checkTrusted } from '../../../src/daemon/service/trust.js';
import { scratch } from '../../support/start.js';

const own = process.getuid!();

describe('files of a service', () => {
  const within = async (work: (folder: string) => void | Promise<void>): Promise<void> => {
    const { path, remove } = scratch();
    try {
      await work(path);
    } finally {
      remove();
    }
  };

  it('every step can be taken back', () =>
    within(async (folder) => {
      const path = (name: string): string => join(folder, name);
      writeFileSync(path('kept'), 'old');
      writeFileSync(path('one'), '');
      writeFileSync(path('two'), 'two');
      symlinkSync('one', path('link'));
      const before = digestOf(folder);
      const steps = [
        files.makeFolder({ do: 'folder', path: path('a/b'), mode: 0o700 }),
        files.writeText({ do: 'write', path: path('a/b/new'), text: 'x', mode: 0o644 }),
        files.writeText({ do: 'write', path: path('kept'), text: 'new', mode: 0o644 }),
        files.copy({ do: 'copy', from: path('a'), to: path('copy') }),
        files.move({ do: 'move', from: path('copy'), to: path('moved') }),
        files.remove({ do: 'remove', path: path('moved') }),
        files.remove({ do: 'remove', path: path('never') }),
      ];
      const link = files.link({ do: 'link', path: path('link'), target: 'two' });
      assert.deepEqual([readlinkSync(path('link')), readFileSync(path('kept'), 'utf8')], ['two', 'new']);
      assert.ok(!existsSync(path('moved')));
      await link.undo();
      for (const { undo } of steps.reverse()) await undo();
      assert.equal(readlinkSync(path('link')), 'one');
      assert.ok(!existsSync(path('a')) && !existsSync(path('copy')));
      assert.equal(readFileSync(path('kept'), 'utf8'), 'old');
      assert.equal(digestOf(folder), before);
    }));

  it('what others could change is not run', () =>
    within((folder) => {
      const file = join(folder, 'program');
      writeFileSync(file, '', { mode: 0o644 });
      checkTrusted(folder, [0, own]);
      chmodSync(file, 0o666);
      assert.throws(() => checkTrusted(folder, [0, own]), /program can be changed by others: it has mode 0666/);
      chmodSync(file, 0o644);
      assert.throws(() => checkTrusted(file, [4242]), /must be 4242/);
      chmodSync(folder, 0o777);
      assert.throws(() => checkTrusted(file, [0, own]), /can be changed by others/);
    }));

  it('reads what is half done from the disk', () =>
    within((home) => {
      const programs = { launchd: '', systemd: '', journal: '' };
      const layout = layoutOf({ system: 'linux', root: home, home, uid: own, runtimeFolder: home, programs }, 'user');
      assert.deepEqual(readFacts(layout).problems, []);
      mkdirSync(join(layout.versions, '1.0.0'), { recursive: true });
      symlinkSync('versions/1.0.0', layout.current);
      assert.match(readFacts(layout).problems[0]!, /current is no whole version/);
      writeFileSync(layout.pending, 'x');
      assert.match(readFacts(layout).problems.join(), /was left behind/);
    }));

  it('takes the packages that run in service, and none that build or test', () => {
    const modules = modulesOf(fileURLToPath(new URL('../../..', import.meta.url)));
    assert.ok(modules.includes('node_modules/@grpc/grpc-js') && modules.includes('node_modules/pino'));
    for (const name of ['typescript', 'mocha', 'node-gyp', 'tsx']) assert.ok(!modules.includes(`node_modules/${name}`));
  });
});
