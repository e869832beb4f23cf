// The example imports the package by its name, as a user's program does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

const example = fileURLToPath(new URL('../../examples/typescript/chain.ts', import.meta.url));

describe('examples/typescript/chain.ts', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon.stop());

  it('prints the chain through a session', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', example, daemon.socket]);
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 5);
    // Computed with scipy.stats.norm; the strike of 105 is that of examples/python/price.py.
    assert.equal(lines[3], 'strike 105: call 4.355169 (delta 0.4449), put 7.261462 (delta -0.5501)');
    assert.equal(lines[0], 'strike 90: call 13.081976 (delta 0.8266), put 1.358621 (delta -0.1684)');
  });

  it('says what went wrong', async () => {
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', example, '/nonexistent/acceld.sock']);
    await assert.rejects(run, { code: 1, stderr: /^DAEMON_UNREACHABLE: .*\n$/ });
  });
});
