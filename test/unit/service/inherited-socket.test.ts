import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { StartFailure } from '../../../src/daemon/base/start-failure.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { inheritedSocket, type Activation } from '../../../src/daemon/service/inherited-socket.js';
import { notHere } from '../../support/missing.js';
import { scratch } from '../../support/start.js';

const addon = loadHostAddon();
const handed: Activation = { pid: String(process.pid), count: '1', names: 'acceld' };

describe('inherited socket', () => {
  const folder = scratch();
  const path = join(folder.path, 's');
  const server = createServer();
  let descriptor: number;

  before(async () => {
    server.listen(path);
    await once(server, 'listening');
    ({ fd: descriptor } = (server as unknown as { _handle: { fd: number } })._handle);
  });
  after(() => {
    server.close();
    folder.remove();
  });

  /** The real descriptor stands where the service manager puts its first one. */
  const system = (paths: Readonly<Record<number, string | null>> = { 3: path }, launchd: number[] = []) => ({
    activateSocket: (name: string) => (name === 'acceld' ? launchd : []),
    listenerPath: (each: number) => paths[each] ?? null,
  });

  const refused = (act: () => unknown, pattern: RegExp, exitCode = 78): void =>
    assert.throws(act, (error) => {
      assert.ok(error instanceof StartFailure);
      assert.match(error.message, pattern);
      assert.equal(error.exitCode, exitCode);
      return true;
    });

  it('takes the descriptor that systemd names', () => {
    const found = inheritedSocket({ activation: handed, system: system(), path: undefined });
    assert.deepEqual(found, { descriptor: 3, path });
    assert.deepEqual(inheritedSocket({ activation: { ...handed, names: undefined }, system: system(), path }), found);
  });

  it('takes the descriptor that launchd holds', () => {
    const activation = { pid: undefined, count: undefined, names: undefined };
    const found = inheritedSocket({ activation, system: system({ 9: path }, [9]), path: undefined });
    assert.deepEqual(found, { descriptor: 9, path });
  });

  it('leaves what was meant for another process alone', () => {
    for (const pid of [undefined, '1', String(process.pid + 1)]) {
      assert.equal(inheritedSocket({ activation: { ...handed, pid }, system: system(), path }), undefined);
    }
    assert.equal(inheritedSocket({ activation: { ...handed, count: undefined }, system: system(), path }), undefined);
  });

  it('refuses what it cannot serve, and says why', () => {
    const open = (change: Partial<Activation>, paths?: Record<number, string | null>, chosen?: string) => () =>
      inheritedSocket({ activation: { ...handed, ...change }, system: system(paths), path: chosen });
    refused(open({ count: 'x' }), /LISTEN_FDS must be a small number, got "x"/);
    refused(open({ count: '2', names: 'acceld:acceld' }), /one socket, not 2/);
    refused(open({ names: 'http' }), /the socket "http"; only "acceld" is known/);
    refused(open({}, { 3: null }), /descriptor 3 is not a listening Unix stream socket/);
    refused(open({}, { 3: path }, '/elsewhere'), /listens on .*, the settings say \/elsewhere/);
    refused(open({}, { 3: `${path}.gone` }), /is gone/);
  });

  it('refuses a socket of another user', function () {
    if (process.getuid?.() !== 0) notHere(this, 'a socket of another user needs root');
    chownSync(path, 4242, 4242);
    refused(() => inheritedSocket({ activation: handed, system: system(), path }), /a socket of uid 4242/, 77);
    chownSync(path, 0, 0);
  });

  it('the addon knows a listening Unix stream socket from everything else', async () => {
    assert.equal(addon.listenerPath(descriptor), path);
    assert.deepEqual(
      [-1, 0, 4095, 'x'].map((each) => addon.listenerPath(each as number)),
      [null, null, null, null],
    );
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    assert.equal(addon.listenerPath((tcp as unknown as { _handle: { fd: number } })._handle.fd), null);
    tcp.close();
    if (process.platform === 'linux') {
      const hidden = createServer().listen(`\0acceld-test-${process.pid}`);
      await once(hidden, 'listening');
      assert.equal(addon.listenerPath((hidden as unknown as { _handle: { fd: number } })._handle.fd), null);
      hidden.close();
      assert.deepEqual(addon.activateSocket('acceld'), []);
    }
    rmSync(path, { force: true });
  });
});
