import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { StartFailure } from '../../../src/daemon/base/start-failure.js';
import {
  checkEnvironment,
  checkUser,
  defaultSocketPath,
  environmentOverrides,
  socketActivation,
} from '../../../src/daemon/config/environment.js';

describe('environment', () => {
  it('turns variables into overrides', () => {
    assert.deepEqual(environmentOverrides({ ACCELD_SOCKET: '/run/a.sock', ACCELD_HTTP_PORT: '0', HOME: '/' }), [
      { source: 'ACCELD_SOCKET', path: 'listeners.unix.path', value: '/run/a.sock' },
      { source: 'ACCELD_HTTP_PORT', path: 'http.port', value: 0 },
    ]);
  });

  it('warns of variables that run code in the daemon, and refuses them under a service manager', () => {
    const environment = { NODE_OPTIONS: '--inspect', DYLD_INSERT_LIBRARIES: 'x' };
    assert.equal(checkEnvironment(false, environment).length, 2);
    for (const manager of [{ XPC_SERVICE_NAME: 'dev.acceld' }, { INVOCATION_ID: '1' }]) {
      const refused = (error: unknown) =>
        error instanceof StartFailure && error.exitCode === 78 && /NODE_OPTIONS/.test(error.message);
      assert.throws(() => checkEnvironment(false, { ...environment, ...manager }), refused);
    }
    assert.equal(checkEnvironment(false, { ...environment, XPC_SERVICE_NAME: '0' }).length, 2);
    assert.deepEqual(checkEnvironment(false, { INVOCATION_ID: '1', PATH: '/bin' }), []);
  });

  it('refuses root under a service manager, and warns of it in a shell', () => {
    const service = { XPC_SERVICE_NAME: 'dev.acceld' };
    const refused = (error: unknown) => error instanceof StartFailure && /--allow-root/.test(error.message);
    assert.throws(() => checkUser(0, false, service), refused);
    assert.equal(checkUser(0, false, {}).length, 1);
    for (const quiet of [checkUser(0, true, service), checkUser(501, false, service)]) assert.deepEqual(quiet, []);
  });

  it('reads what systemd says of its sockets', () => {
    const environment = { LISTEN_PID: '7', LISTEN_FDS: '1', LISTEN_FDNAMES: 'acceld' };
    assert.deepEqual(socketActivation(environment), { pid: '7', count: '1', names: 'acceld' });
  });

  it('ignores test hooks in a production build, and says so', () => {
    assert.match(checkEnvironment(false, { ACCELD_FORCE_ISA: 'neon' }).join(), /ACCELD_FORCE_ISA is ignored/);
    assert.deepEqual(checkEnvironment(true, { ACCELD_FORCE_ISA: 'neon' }), []);
  });

  it('never puts the socket into a temporary directory', () => {
    for (const environment of [{}, { XDG_RUNTIME_DIR: '/run/user/1' }, { TMPDIR: '/tmp/x' }]) {
      assert.doesNotMatch(defaultSocketPath(environment), /^(\/private)?\/(tmp|var\/folders)/);
    }
  });
});
