// The example is for people without generated code, so it runs as they would run it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { needs, runs } from '../support/missing.js';

const example = fileURLToPath(new URL('../../examples/python/price.py', import.meta.url));
/** Debian's own: grpcio is a package of it, and another python in the path may lack it. */
const python = '/usr/bin/python3';

describe('examples/python/price.py', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  before(async function () {
    needs(this, 'python3-grpcio', runs(python, '-c', 'import grpc'));
    daemon = await startDaemon();
  });
  after(() => daemon?.stop());

  it('prints the price', async () => {
    const { stdout } = await promisify(execFile)(python, [example, daemon.socket]);
    // Computed with scipy.stats.norm for the numbers in the example.
    assert.ok(Math.abs(Number(stdout) - 4.355168951794575) < 1e-12, stdout);
  });

  it('needs no protobuf package and no generated code', async () => {
    const hide = "import sys; sys.modules['google.protobuf'] = None; sys.argv = sys.argv[1:]; ";
    const code = `${hide}exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))`;
    const { stdout } = await promisify(execFile)(python, ['-c', code, example, daemon.socket]);
    assert.match(stdout, /^4\.355/);
  });
});
