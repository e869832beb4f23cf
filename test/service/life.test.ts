// acceld service from the first install to the last file: real files, users, sockets and processes; the programs of launchd
// and systemd are stood in for. Covers src/daemon/service/executor.ts, src/daemon/service/file-steps.ts,
// src/daemon/service/situation.ts, src/daemon/service/service-manager.ts and src/daemon/service/command.ts.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { connect } from '../../src/client/index.js';
import type { Scope, System } from '../../src/daemon/service/layout.js';
import { notHere } from '../support/missing.js';
import { processesIn, scratchMachine, serviceUid, settings, type ScratchMachine } from '../support/service.js';

const places: readonly (readonly [System, Scope])[] = [
  ['darwin', 'user'],
  ['darwin', 'system'],
  ['linux', 'user'],
  ['linux', 'system'],
];

/** A test asks as a user that the daemon serves, root or its own. */
async function statusOf({ layout }: ScratchMachine) {
  const client = connect({ socket: layout.socket, serverUid: serviceUid });
  try {
    return await client.admin.getStatus();
  } finally {
    client.close();
  }
}

async function done(scratch: ScratchMachine, ...args: string[]): Promise<string> {
  const { code, text } = await scratch.run(...args);
  assert.equal(code, 0, text);
  return text;
}

async function refused(scratch: ScratchMachine, pattern: RegExp, ...args: string[]): Promise<void> {
  const { code, text } = await scratch.run(...args);
  assert.notEqual(code, 0, text);
  assert.match(text, pattern);
}

describe('the life of a service', function () {
  this.timeout(90_000);

  for (const [system, scope] of places) {
    it(`${system}, ${scope}: install, restart, stop, start, uninstall`, async function () {
      if (scope === 'system' && process.getuid?.() !== 0) notHere(this, 'a service of the system needs root');
      const scratch = await scratchMachine({ system, scope });
      const { layout, machine } = scratch;
      try {
        await done(scratch, 'install');
        const first = await statusOf(scratch);
        assert.ok(first.serving);
        assert.equal(statSync(`/proc/${first.pid}`).uid, serviceUid);
        assert.equal(await done(scratch, 'install'), 'nothing to do\n');
        assert.equal(readFileSync(layout.config, 'utf8'), settings);
        assert.match(await done(scratch, 'status'), new RegExp(`running, pid ${first.pid}\n`));
        await done(scratch, 'restart');
        const second = await statusOf(scratch);
        assert.notEqual(second.pid, first.pid);
        await done(scratch, 'stop');
        assert.equal(await done(scratch, 'stop'), 'nothing to do\n');
        assert.equal((await scratch.run('status')).code, 3);
        assert.ok(!existsSync(layout.socket));
        await done(scratch, 'start');
        assert.equal(await done(scratch, 'start'), 'nothing to do\n');
        if (system === 'darwin') assert.match(await done(scratch, 'logs', '--lines', '5'), /"msg":"started"/);
        writeFileSync(join(layout.state, 'kept'), '');
        await done(scratch, 'uninstall');
        assert.equal((await scratch.run('status')).code, 4);
        assert.ok(existsSync(join(layout.state, 'kept')) && existsSync(layout.config));
        for (const path of [...layout.units.map((unit) => unit.path), layout.prefix]) {
          if (system === 'darwin' && path === layout.prefix) continue;
          assert.ok(!existsSync(path), path);
        }
        await done(scratch, 'uninstall', '--purge');
        for (const path of [layout.state, layout.config, layout.prefix, layout.socket])
          assert.ok(!existsSync(path), path);
        assert.deepEqual(processesIn(machine.root), []);
        assert.deepEqual(
          scratch.events().flatMap(({ event, status }) => (event === 'ended' ? [status] : [])),
          [0, 0, 0],
        );
      } finally {
        await scratch.close();
      }
    });
  }

  it('--dry-run prints every file and command, and does nothing', async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user' });
    try {
      const text = await done(scratch, 'install', '--dry-run');
      assert.match(text, /\n {9}\| +<key>KeepAlive<\/key>\n/);
      assert.match(text, /\nrun .*launchctl bootstrap gui\/\d+ .*dev\.acceld\.agent\.plist\n/);
      assert.ok(!existsSync(scratch.layout.versions) && !existsSync(scratch.layout.units[0]!.path));
      assert.deepEqual(
        scratch.commands().filter((line) => !line.includes(' print ')),
        [],
      );
    } finally {
      await scratch.close();
    }
  });

  it('takes everything back when the daemon does not come to serve, or the manager refuses', async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user', throttleSeconds: 0.2 });
    const { layout } = scratch;
    try {
      writeFileSync(layout.config, 'no_such_setting: 1\n');
      await refused(scratch, /version .* does not serve\nEverything is as it was before/, 'install', '--wait', '2');
      assert.ok(scratch.events().filter(({ status }) => status === 78).length >= 2, 'started again and again');
      for (const path of [layout.versions, layout.current, layout.pending, layout.units[0]!.path]) {
        assert.ok(!existsSync(path), path);
      }
      assert.match(readFileSync(join(layout.config), 'utf8'), /no_such_setting/);
      assert.equal((await scratch.run('status')).code, 4);
    } finally {
      await scratch.close();
    }
  });

  it('builds on nothing that is half done, until it is repaired', async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user' });
    const { layout } = scratch;
    try {
      mkdirSync(layout.prefix, { recursive: true });
      writeFileSync(layout.pending, JSON.stringify({ verb: 'install', pid: 1 }));
      for (const verb of ['install', 'start', 'restart', 'rollback']) {
        await refused(scratch, /half done:\n +"acceld service install" of process 1 did not finish/, verb);
      }
      assert.equal((await scratch.run('status')).code, 1);
      await done(scratch, 'install', '--repair');
      assert.equal((await scratch.run('status')).code, 0);
      writeFileSync(layout.pending, 'x');
      await done(scratch, 'uninstall');
      assert.equal((await scratch.run('status')).code, 4);
    } finally {
      await scratch.close();
    }
  });

  it('is not the business of the wrong user, and knows wrong use', async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user' });
    try {
      await refused(scratch, /not installed/, 'start');
      await refused(scratch, /see acceld service --help/, 'fly');
      await refused(scratch, /see acceld service --help/, 'install', 'package.tgz');
      await refused(scratch, /--wait must be a whole number/, 'install', '--wait', 'x');
      await refused(scratch, /root's to change: use sudo/, 'install', '--system', '--user', 'nobody');
      assert.ok(!existsSync(scratch.layout.versions));
    } finally {
      await scratch.close();
    }
  });

  it('lays out what the service itself cannot change', async function () {
    if (process.getuid?.() !== 0) notHere(this, 'a service of the system needs root');
    const scratch = await scratchMachine({ system: 'darwin', scope: 'system' });
    const { layout } = scratch;
    try {
      await done(scratch, 'install');
      assert.equal(readlinkSync(layout.current), `versions/${(await statusOf(scratch)).version}`);
      for (const path of [
        layout.current,
        `${layout.current}/node`,
        `${layout.current}/app/bin/acceld`,
        layout.config,
      ]) {
        assert.equal(lstatSync(path).uid, 0, path);
      }
      for (const { path } of layout.units) assert.equal(statSync(path).mode & 0o777, 0o644);
      for (const path of [layout.state, layout.run, layout.logs!]) {
        const { uid, mode } = statSync(path);
        assert.deepEqual([uid, mode & 0o777], [serviceUid, 0o700], path);
      }
      assert.equal(statSync(layout.socket).mode & 0o777, 0o600);
    } finally {
      await scratch.close();
    }
  });
});
