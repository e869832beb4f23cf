// Configuration, command line, environment and signals of the real process.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { runProgram, scratch, writeConfig, type Run, type RunOptions } from '../support/start.js';
import { assertUnharmed } from '../support/unharmed.js';

describe('start', function () {
  this.timeout(60_000);
  let directory: string;
  let remove: () => void;
  beforeEach(() => {
    ({ path: directory, remove } = scratch());
  });
  afterEach(() => remove());

  const serve = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
    runProgram(['serve', '--socket', join(directory, 'run/s'), '--http-port', '0', ...args], options);

  async function refused(run: Promise<Run>, code: number, ...reasons: RegExp[]): Promise<void> {
    const { code: actual, stderr, stdout } = await run;
    assert.equal(actual, code, stderr + stdout);
    for (const reason of reasons) assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /\bat .*\.js:/, 'a stack is no message for people');
  }

  it('shows the line and column where YAML is broken', async () => {
    const file = writeConfig(directory, 'http:\n  port: [1\n');
    await refused(serve(['--config', file]), 78, /settings\.yaml:3:1: /);
    const repeated = writeConfig(directory, 'log: { level: info }\nlog: { level: warn }\n');
    await refused(serve(['--config', repeated]), 78, /settings\.yaml:2:1: .*unique/);
  });

  it('lists every problem of a configuration at once', async () => {
    const text = 'htp: {}\ncpu: { threads: 0, cores: 2 }\nlog: { level: loud }\nlisteners: { tcp: { port: 70000 } }\n';
    const reasons = [
      /htp: no such setting/,
      /cpu\.cores: no such setting/,
      /cpu\.threads: /,
      /log\.level: /,
      /listeners\.tcp\.port: /,
    ];
    await refused(serve(['--config', writeConfig(directory, text)]), 78, ...reasons);
  });

  it('takes no key for a part of JavaScript, and no bomb of aliases', async () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const file = writeConfig(directory, `${key}: { polluted: true }\nhttp:\n  ${key}: 1\n`);
      await refused(
        serve(['--config', file]),
        78,
        new RegExp(`: ${key}: no such setting`),
        new RegExp(`http\\.${key}: no such setting`),
      );
    }
    const bomb = `a: &a [1, 1]\n${'bcdefgh'.replace(/./g, (name, at: number) => `${name}: &${name} [*${'abcdefg'[at]}, *${'abcdefg'[at]}]\n`)}`;
    await refused(serve(['--config', writeConfig(directory, bomb)]), 78, /alias/i);
    await refused(serve(['--config', writeConfig(directory, '- 1\n')]), 78, /must be a map/);
    await refused(serve(['--config', writeConfig(directory, 'a: '.repeat(100_000))]), 78);
    await refused(serve(['--config', join(directory, 'nothing.yaml')]), 78, /cannot read/);
  });

  it('refuses a wrong command line', async () => {
    await refused(serve(['--sockt', 'x']), 78, /Unknown option '--sockt'/, /acceld serve --help/);
    await refused(serve(['extra']), 78, /extra/);
    await refused(serve(['--http-port', '70000']), 78, /--http-port: http\.port: /);
    await refused(serve(['--http-port', 'x']), 78, /--http-port: http\.port: /);
    await refused(serve(['--log-level', 'loud']), 78, /--log-level: log\.level: /);
  });

  it('refuses a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    await refused(serve(['--http-port', String(port)]), 71, new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`));
    const tcp = writeConfig(directory, 'runtime: { allow_eol: true }');
    await refused(
      serve(['--config', tcp, '--tcp-port', String(port)]),
      71,
      new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`),
    );
    other.close();
  });

  it('refuses a service environment that could change its code', async () => {
    for (const [name, value] of Object.entries({ NODE_OPTIONS: '--no-warnings', LD_LIBRARY_PATH: '/nonexistent' })) {
      for (const marker of [{ INVOCATION_ID: '1' }, { XPC_SERVICE_NAME: 'acceld' }]) {
        await refused(
          serve([], { environment: { ...marker, [name]: value } }),
          78,
          new RegExp(`${name} must not be set`),
        );
      }
    }
  });

  it('warns of such a variable in a shell, and of test hooks that it ignores', async () => {
    const environment = { NODE_OPTIONS: '--no-warnings', ACCELD_FORCE_ISA: 'x86-64' };
    const daemon = await startDaemon({ environment });
    assert.match(daemon.output(), /NODE_OPTIONS is set in the environment/);
    assert.match(daemon.output(), /ACCELD_FORCE_ISA is ignored: this is not a test build/);
    await assertUnharmed(daemon);
    assert.equal((await daemon.stop()).code, 0);
  });

  it('opens no inspector on SIGUSR1 and lives', async () => {
    const daemon = await startDaemon();
    process.kill(daemon.pid, 'SIGUSR1');
    await eventually(() => assert.match(daemon.output(), /SIGUSR1 is ignored/));
    await assert.rejects(
      new Promise((done, reject) => connect(9229, '127.0.0.1', () => done('open')).once('error', reject)),
      { code: 'ECONNREFUSED' },
    );
    assert.doesNotMatch(daemon.output(), /Debugger listening/);
    await assertUnharmed(daemon);
    assert.equal((await daemon.stop()).code, 0);
  });

  it('ends cleanly on SIGINT, and once on many signals', async () => {
    const daemon = await startDaemon();
    const stopped = daemon.stop('SIGINT');
    process.kill(daemon.pid, 'SIGTERM');
    assert.deepEqual(await stopped, { code: 0, signal: null });
    assert.equal(daemon.output().match(/"msg":"stopping"/g)?.length, 1);
  });
});
