import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, StartFailure } from '../../../src/daemon/base/start-failure.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { listenUnix } from '../../../src/daemon/rpc/unix-listener.js';

describe('unix listener', () => {
  let directory: string;
  const servers: Server[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'acceld-listener-'));
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(directory, { recursive: true });
  });

  async function listen(path: string): Promise<Server> {
    const server = await listenUnix({ path, addon: loadHostAddon(), onConnection: (socket) => socket.end('hello') });
    servers.push(server);
    return server;
  }

  async function refused(path: string, exitCode: number, reason: RegExp): Promise<void> {
    await assert.rejects(listen(path), (error) => {
      assert.ok(error instanceof StartFailure, String(error));
      assert.equal(error.exitCode, exitCode, error.message);
      assert.match(error.message, reason);
      return true;
    });
  }

  it('makes its directories and its socket for this user alone', async () => {
    const path = join(directory, 'a/b/s');
    await listen(path);
    for (const made of [join(directory, 'a'), dirname(path)]) assert.equal(statSync(made).mode & 0o777, 0o700);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const [greeting] = (await once(connect(path), 'data')) as [Buffer];
    assert.equal(greeting.toString(), 'hello');
  });

  it('leaves the umask of the process as it was', async () => {
    const before = process.umask();
    await listen(join(directory, 's'));
    assert.equal(process.umask(), before);
  });

  it('removes its socket when it closes', async () => {
    const path = join(directory, 's');
    const server = await listen(path);
    await new Promise((closed) => server.close(closed));
    assert.ok(!existsSync(path));
  });

  it('refuses a path that the system would cut', async () => {
    await refused(join(directory, 'x'.repeat(104)), exitCodes.configuration, /at most 103 are possible/);
  });

  it('refuses a lock that is held', async () => {
    const path = join(directory, 's');
    await listen(path);
    await refused(path, exitCodes.alreadyRunning, /another daemon serves/);
  });

  it('refuses what others may enter, what is no socket, and what links lead away from', async () => {
    chmodSync(directory, 0o750);
    await refused(join(directory, 's'), exitCodes.untrustedPath, /must have mode 0700, it has 0750/);
    chmodSync(directory, 0o700);
    writeFileSync(join(directory, 'file'), '');
    await refused(join(directory, 'file'), exitCodes.untrustedPath, /not a socket/);
    await refused(join(directory, 'file/s'), exitCodes.untrustedPath, /cannot create/);
    const shared = join(directory, 'shared');
    mkdirSync(join(shared, 'run'), { recursive: true, mode: 0o700 });
    chmodSync(shared, 0o777);
    symlinkSync(shared, join(directory, 'link'));
    await refused(join(shared, 'run/s'), exitCodes.untrustedPath, /shared can be changed by other users/);
    await refused(join(directory, 'link/run/s'), exitCodes.untrustedPath, /shared can be changed by other users/);
  });
});
