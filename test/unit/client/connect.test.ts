import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, defaultSocketPath, Fault } from '../../../src/client/index.js';
import { retryDelayMs } from '../../../src/client/retry.js';
import { localFault } from '../../../src/client/fault.js';
import { assertTrustedSocket } from '../../../src/client/socket-trust.js';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Fault);
    return error.code;
  }
  return 'OK';
};

describe('client: connect', () => {
  it('names every wrong option', () => {
    const wrong = { socket: 'a', address: 'example.org:1', timeoutMs: -1, retry: { attemptsMax: 0 }, host: 'x' };
    assert.throws(
      () => connect(wrong),
      (error: Fault) => {
        const fields = error.violations.map(({ field }) => field);
        assert.deepEqual(fields, ['host', 'address', 'address', 'timeoutMs', 'retry.attemptsMax']);
        return error.code === 'INVALID_INPUT';
      },
    );
  });

  it('refuses addresses of other machines and takes those of this one', () => {
    for (const address of ['10.0.0.1:80', '127.0.0.1', '127.0.0.1:0', 'localhost:99999', 'localhost.example.org:80']) {
      assert.equal(
        codeOf(() => connect({ address })),
        'INVALID_INPUT',
        address,
      );
    }
    for (const address of ['127.0.0.1:80', 'localhost:80', '[::1]:80']) connect({ address }).close();
  });

  it('refuses a path that no socket can have', () => {
    assert.equal(
      codeOf(() => connect({ socket: `/${'x'.repeat(103)}` })),
      'INVALID_INPUT',
    );
    connect({ socket: `/${'x'.repeat(102)}` }).close();
  });

  it('says where it looked when nothing is there', async () => {
    for (const options of [{ socket: '/nonexistent/acceld.sock' }, { address: '127.0.0.1:1' }]) {
      const client = connect({ ...options, retry: { attemptsMax: 1 } });
      await assert.rejects(client.admin.getStatus(), (error: Fault) => {
        assert.equal(error.code, 'DAEMON_UNREACHABLE');
        return error.message.includes(Object.values(options)[0]!);
      });
      client.close();
    }
  });

  it('takes the default socket from the environment', () => {
    const before = process.env['ACCELD_SOCKET'];
    process.env['ACCELD_SOCKET'] = '/run/acceld/other.sock';
    assert.equal(defaultSocketPath(), '/run/acceld/other.sock');
    if (before === undefined) delete process.env['ACCELD_SOCKET'];
    else process.env['ACCELD_SOCKET'] = before;
    assert.match(defaultSocketPath(), /acceld\.sock$/);
  });
});

describe('client: trust in a socket', () => {
  let directory: string;
  let socket: string;
  let server: Server;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'acceld-trust-'));
    socket = join(directory, 's');
    server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterEach(() => {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const verdict = (path = socket, serverUid?: number) => codeOf(() => assertTrustedSocket(path, serverUid));

  it('trusts a socket of this user in a directory that only this user may write', () => {
    assert.equal(verdict(), 'OK');
  });

  for (const mode of [0o770, 0o707, 0o1777]) {
    it(`refuses a directory of mode ${mode.toString(8)}`, () => {
      chmodSync(directory, mode);
      assert.equal(verdict(), 'SOCKET_UNTRUSTED');
    });
  }

  it('refuses a file and a link in place of the socket', () => {
    writeFileSync(join(directory, 'file'), '');
    symlinkSync(socket, join(directory, 'link'));
    assert.equal(verdict(join(directory, 'file')), 'SOCKET_UNTRUSTED');
    assert.equal(verdict(join(directory, 'link')), 'SOCKET_UNTRUSTED');
  });

  it('refuses an owner who is neither root, this user nor serverUid', () => {
    // Whoever runs the test owns the files; a process of another uid is played by another getuid.
    const { getuid } = process;
    const owner = getuid!();
    process.getuid = () => owner + 1;
    try {
      if (owner !== 0) assert.equal(verdict(), 'SOCKET_UNTRUSTED');
      assert.equal(verdict(socket, owner), 'OK');
    } finally {
      process.getuid = getuid!;
    }
  });

  it('says that an absent socket is unreachable', () => {
    assert.equal(verdict(join(directory, 'absent')), 'DAEMON_UNREACHABLE');
  });
});

describe('client: retry', () => {
  const busy = (retryAfterMs?: number) => localFault('CONNECTION_LOST', 'x', { retryAfterMs });
  const policy = { attemptsMax: 20 };

  it('doubles the wait up to a second', () => {
    const waits = [1, 2, 3, 10, 19].map((attempt) => retryDelayMs(busy(), attempt, policy, 1));
    assert.deepEqual(waits, [25, 50, 100, 1000, 1000]);
  });

  it('spreads clients over half of the wait', () => {
    assert.equal(retryDelayMs(busy(), 1, policy, 0), 12.5);
  });

  it('waits at least as long as the daemon asks', () => {
    assert.equal(retryDelayMs(busy(3_000), 1, policy, 0), 3_012.5);
  });

  it('ends with the last attempt and never tries a fault that is not retryable', () => {
    assert.equal(retryDelayMs(busy(), 20, policy), undefined);
    assert.equal(retryDelayMs(localFault('CANCELLED', 'x'), 1, policy), undefined);
  });
});
