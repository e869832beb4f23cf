// Where the daemon may listen and what it refuses there: the exit code and one line that says why.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.js';
import { needs, runs } from '../support/missing.js';
import { encoded, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { runProgram, scratch, type Run, type RunOptions } from '../support/start.js';
import { assertServes, assertUnharmed } from '../support/unharmed.js';
import { openSocket } from '../support/raw-http2.js';

const isRoot = process.geteuid?.() === 0;
/** An unprivileged user on every system: "nobody" where it is 65534, a user without a name elsewhere. */
const strangerUid = 65_534;

describe('paths', function () {
  this.timeout(60_000);
  let directory: string;
  let remove: () => void;
  beforeEach(() => {
    ({ path: directory, remove } = scratch());
  });
  afterEach(() => remove());

  const serve = (socket: string, options: RunOptions = {}): Promise<Run> =>
    runProgram(['serve', '--socket', socket, '--http-port', '0'], options);

  async function refused(socket: string, code: number, reason: RegExp, options: RunOptions = {}): Promise<void> {
    const run = await serve(socket, options);
    assert.equal(run.code, code, run.stderr + run.stdout);
    const lines = run.stderr.trim().split('\n');
    assert.equal(lines.length, 1, run.stderr);
    assert.match(lines[0]!, reason);
    assert.doesNotMatch(run.stderr, /\bat .*\.js:/, 'a stack is no message for people');
  }

  const privateDirectory = (name: string, mode = 0o700): string => {
    const path = join(directory, name);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  };

  it('refuses a path longer than a socket can have', async () => {
    await refused(join(directory, 'x'.repeat(110)), 78, /at most 103/);
  });

  it('refuses a directory that others may enter or change', async () => {
    await refused(join(privateDirectory('open', 0o777), 's'), 77, /mode 0700, it has 0777/);
    await refused(join(privateDirectory('readable', 0o755), 's'), 77, /mode 0700, it has 0755/);
  });

  it('refuses an ancestor that others may change', async () => {
    mkdirSync(join(privateDirectory('shared', 0o777), 'run'), { mode: 0o700 });
    await refused(join(directory, 'shared/run/s'), 77, /shared can be changed by other users/);
  });

  it('refuses an ancestor that others may change behind a link', async () => {
    mkdirSync(join(privateDirectory('shared', 0o777), 'run'), { mode: 0o700 });
    symlinkSync(join(directory, 'shared'), join(directory, 'link'));
    await refused(join(directory, 'link/run/s'), 77, /shared can be changed by other users/);
  });

  it('creates what is missing for itself alone', async () => {
    const daemon = await startDaemon();
    assert.equal(statSync(join(daemon.socket, '..')).mode & 0o777, 0o700);
    assert.equal(statSync(daemon.socket).mode & 0o777, 0o600);
    assert.equal((await daemon.stop()).code, 0);
  });

  it('leaves what is not its socket where it is', async () => {
    const run = privateDirectory('run');
    writeFileSync(join(run, 'file'), 'somebody needs this');
    await refused(join(run, 'file'), 77, /not a socket/);
    assert.equal(readFileSync(join(run, 'file'), 'utf8'), 'somebody needs this');
    mkdirSync(join(run, 'directory'));
    await refused(join(run, 'directory'), 77, /not a socket/);
    symlinkSync(join(run, 'file'), join(run, 'link'));
    await refused(join(run, 'link'), 77, /not a socket/);
    symlinkSync(join(run, 'nothing'), join(run, 'dangling'));
    await refused(join(run, 'dangling'), 77, /not a socket/);
    assert.ok(!existsSync(join(run, 'nothing')));
  });

  it('follows no link in place of its lock', async () => {
    const run = privateDirectory('run');
    symlinkSync(join(directory, 'target'), join(run, 's.lock'));
    await refused(join(run, 's'), 77, /cannot lock/);
    assert.ok(!existsSync(join(directory, 'target')));
  });

  it('refuses a second daemon on the same socket, and the first goes on', async () => {
    const first = await startDaemon();
    await refused(first.socket, 75, /another daemon/);
    await assertUnharmed(first);
    assert.equal((await first.stop()).code, 0);
  });

  it('starts over the socket of a daemon that was killed', async () => {
    const first = await startDaemon({ directory });
    await first.stop('SIGKILL');
    assert.ok(existsSync(first.socket));
    const second = await startDaemon({ directory });
    await assertUnharmed(second);
    assert.equal((await second.stop()).code, 0);
    assert.ok(!existsSync(second.socket));
  });

  it('does not take a live socket of another program', async () => {
    const run = privateDirectory('run');
    const other = spawn(process.execPath, [
      '-e',
      "require('net').createServer().listen(process.argv[1],()=>console.log(1))",
      join(run, 's'),
    ]);
    await once(other.stdout, 'data');
    await refused(join(run, 's'), 75, /another program/);
    other.kill();
    await once(other, 'exit');
  });

  describe('of other users', function () {
    before(function () {
      needs(this, 'root, to become another user', isRoot);
    });

    it('refuses a directory in which it may not write', async () => {
      chmodSync(directory, 0o755);
      await refused(join(directory, 'run/s'), 77, /cannot create/, { uid: strangerUid });
    });

    it("refuses another user's directory and another user's socket", async () => {
      const run = privateDirectory('run');
      chownSync(run, strangerUid, strangerUid);
      await refused(join(run, 's'), 77, /must be owned by uid 0/);
      chownSync(run, 0, 0);
      const daemon = await startDaemon({ directory });
      await daemon.stop('SIGKILL');
      chownSync(daemon.socket, strangerUid, strangerUid);
      await refused(daemon.socket, 77, /socket of uid 65534/);
    });

    it('closes the connection of another user before it reads a byte', async function () {
      needs(this, 'setpriv', runs('setpriv', '--version'));
      const daemon = await startDaemon();
      // Past the walls of the directory: what remains is the peer's uid.
      chmodSync(daemon.directory, 0o755);
      chmodSync(join(daemon.socket, '..'), 0o755);
      chmodSync(daemon.socket, 0o666);
      const stranger = spawn('setpriv', [
        '--reuid',
        String(strangerUid),
        '--clear-groups',
        process.execPath,
        '-e',
        visitor,
        daemon.socket,
      ]);
      const [[said], [code]] = (await Promise.all([once(stranger.stdout, 'data'), once(stranger, 'exit')])) as [
        [Buffer],
        [number],
      ];
      assert.equal(code, 0);
      assert.equal(said.toString(), 'closed after 0 bytes\n');
      assert.match(daemon.output(), /connection refused/);
      assert.match(daemon.output(), /uid 65534 is not served/);
      await assertUnharmed(daemon);
      assert.equal((await daemon.stop()).code, 0);
    });

    it('serves root beside its own user', async () => {
      chownSync(directory, strangerUid, strangerUid);
      const daemon = await startDaemon({ directory, uid: strangerUid });
      const client = new RawClient(daemon.socket);
      await assertServes(client);
      assert.equal((await client.call(pricePath, encoded())).status, 'OK');
      client.close();
      assert.equal((await daemon.stop()).code, 0);
    });
  });

  it('survives a visitor that says nothing', async () => {
    const daemon = await startDaemon();
    (await openSocket(daemon.socket)).destroy();
    await assertUnharmed(daemon);
    assert.equal((await daemon.stop()).code, 0);
  });
});

/** Speaks first, as every HTTP/2 client does, and tells what came back. */
const visitor = `
  let bytes = 0;
  const socket = require('net').connect(process.argv[1]);
  socket.write('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0');
  socket.on('data', (piece) => (bytes += piece.length));
  socket.on('error', () => {});
  socket.on('close', () => console.log('closed after ' + bytes + ' bytes'));`;
