// A start by a client's connection, through systemd's own program: descriptors, names and pid as systemd passes them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { connect } from '../../src/client/index.js';
import { eventually } from '../support/eventually.js';
import { needs, notHere, runs } from '../support/missing.js';
import { appFolder, scratchMachine, serviceUid } from '../support/service.js';
import { scratch as scratchFolder, writeConfig } from '../support/start.js';

describe('activation', function () {
  this.timeout(60_000);

  before(function () {
    if (process.platform !== 'linux') notHere(this, 'systemd is of Linux');
    needs(this, 'systemd', runs('systemd-socket-activate', '--version'));
  });

  it('systemd-socket-activate starts the daemon with the first client, whose call it answers', async () => {
    const folder = scratchFolder();
    const run = join(folder.path, 'run');
    mkdirSync(run, { mode: 0o700 });
    const socket = join(run, 'acceld.sock');
    const config = writeConfig(folder.path, 'http: { port: 0 }\ngpu: { enabled: false }\n');
    const serve = [process.execPath, join(appFolder, 'bin/acceld'), 'serve', '--config', config];
    const child = spawn('systemd-socket-activate', ['-l', socket, '--fdname=acceld', ...serve], {
      env: { PATH: '/usr/bin:/bin', HOME: folder.path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => (output += piece.toString()));
    await eventually(() => assert.ok(existsSync(socket)));
    const inode = lstatSync(socket).ino;
    const client = connect({ socket, timeoutMs: 20_000 });
    const { pid } = await client.admin.getStatus();
    assert.equal(pid, child.pid);
    client.close();
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null], output);
    assert.equal(lstatSync(socket).ino, inode, 'the socket is the manager’s');
    assert.match(output, /"msg":"stopped"/);
    folder.remove();
  });

  it('systemd finds no fault with the units', async function () {
    needs(this, 'systemd', runs('systemd-analyze', '--version'));
    if (process.getuid?.() !== 0) notHere(this, 'a service of the system needs root');
    const scratch = await scratchMachine({ system: 'linux', scope: 'system' });
    try {
      assert.equal((await scratch.run('install')).code, 0);
      const paths = scratch.layout.units.map(({ path }) => path);
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
      assert.doesNotMatch(stdout + stderr, /Unknown|Failed to parse|ignoring/i);
    } finally {
      await scratch.close();
    }
  });
});

describe('a service under its manager', function () {
  this.timeout(60_000);

  it('gets an empty environment and no terminal, waits for its throttle after a crash, and stays down after a stop', async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user', throttleSeconds: 3 });
    const { layout } = scratch;
    try {
      assert.equal((await scratch.run('install')).code, 0);
      const [{ pid, at }] = scratch.events() as unknown as [{ pid: number; at: number }];
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .map((each) => each.split('=')[0]);
      const expected = ['ACCELD_LAST_ACCEPTED', 'ACCELD_STATE', 'HOME', 'LISTEN_FDNAMES', 'LISTEN_FDS', 'LISTEN_PID'];
      assert.deepEqual(environment.filter(Boolean).sort(), [...expected, 'PATH', 'XPC_FLAGS', 'XPC_SERVICE_NAME']);
      assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[4], '0', 'no terminal');
      process.kill(pid, 'SIGSEGV');
      const again = await eventually(() => {
        const started = scratch.events().filter(({ event }) => event === 'started');
        assert.equal(started.length, 2);
        return started[1]!;
      }, 15_000);
      assert.ok(again.at - at >= 3, `after ${again.at - at} s`);
      const client = connect({ socket: layout.socket, serverUid: serviceUid, timeoutMs: 20_000 });
      assert.equal((await client.admin.getStatus()).pid, again.pid);
      process.kill(again.pid, 'SIGTERM');
      await eventually(() => assert.equal(scratch.events().at(-1)!.status, 0), 10_000);
      assert.match((await scratch.run('status')).text, /waits for a client\nlast exit +0\n/);
      // The next client starts it.
      assert.notEqual((await client.admin.getStatus()).pid, again.pid);
      client.close();
    } finally {
      await scratch.close();
    }
  });
});
