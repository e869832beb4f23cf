// The demo as a program: what it says, how it exits, and that it leaves nothing behind.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));

describe('acceld demo', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'acceld-d-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (environment: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [program, 'demo'], { env: { ...process.env, TMPDIR: folder, ...environment } });
  const textOf = (stream: NodeJS.ReadableStream): (() => string) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    return () => text;
  };
  /** Command lines that name the folder of the test: the demo's daemon has its socket in it. */
  const processes = async () => {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
    return stdout.split('\n').filter((line) => line.includes(folder));
  };

  it('prices the chain, checks it, and leaves nothing behind', async () => {
    // Settings of the user's own daemon must not reach the demo's.
    const demo = start({ ACCELD_CONFIG: '/nonexistent.yaml', ACCELD_HTTP_PORT: 'x' });
    const [out, error] = [textOf(demo.stdout), textOf(demo.stderr)];
    const [code] = (await once(demo, 'close')) as [number];
    assert.equal(error(), '');
    assert.equal(code, 0);
    assert.match(out(), /5,105 daily bars from 2000-01-03 to 2020-04-17, last close 2874\.56/);
    assert.match(out(), /18,000 options with 6 values each in .* options\/s/);
    assert.match(out(), /Ran on cpu .* reproducible/);
    assert.match(out(), /Put-call parity holds: worst residual \d/);
    assert.match(out(), /Implied volatility of the same 18,000 prices .* the error is \S+e-1\d in the median/);
    assert.match(out(), /^ok +17,\d{3}$/m);
    assert.match(out(), /^ *[\d,]+ +\|-*o-*\|$/m);
    assert.match(out(), /^\d+\.\d+ ± \d\.\de-3 after [\d,]+ paths in/m);
    assert.equal(out().includes('\u001b'), false);
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(await processes(), []);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const demo = start();
    const error = textOf(demo.stderr);
    demo.stdout.resume();
    while (readdirSync(folder).length === 0) await new Promise((next) => setTimeout(next, 5));
    demo.kill('SIGTERM');
    const [code] = (await once(demo, 'close')) as [number];
    assert.equal(code, 1);
    assert.equal(error(), 'acceld: interrupted\n');
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(await processes(), []);
  });

  it('says why the daemon does not start', async () => {
    // The daemon refuses a directory that others could change.
    chmodSync(folder, 0o777);
    const demo = start();
    const error = textOf(demo.stderr);
    demo.stdout.resume();
    const [code] = (await once(demo, 'close')) as [number];
    assert.equal(code, 1);
    assert.match(
      error(),
      /^acceld: the daemon ended at once \(exit code 77\): acceld: .*can be changed by other users.*\n$/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});
