// The example is for people without generated code, so it runs as they would run it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { needs, runs } from '../support/missing.js';

const pathOf = (name: string) => fileURLToPath(new URL(`../../examples/python/${name}`, import.meta.url));
const example = pathOf('price.py');
/** Debian's own: grpcio is a package of it, and another python in the path may lack it. */
const python = '/usr/bin/python3';

describe('examples/python', function () {
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

  it('prints every message of a simulation until its target error', async () => {
    const { stdout } = await promisify(execFile)(python, [pathOf('simulate.py'), daemon.socket]);
    const lines = stdout.trim().split('\n');
    const numbers = lines.map((line) => {
      const [, estimate, error, paths] = /^(\S+) ± (\S+) after (\d+) paths$/.exec(line) ?? assert.fail(line);
      return { estimate: Number(estimate), error: Number(error), paths: Number(paths) };
    });
    const last = numbers.at(-1)!;
    assert.ok(numbers.every(({ paths }, index) => index === 0 || paths >= numbers[index - 1]!.paths));
    assert.ok(last.error > 0 && last.error <= 0.0005, stdout);
    // Computed with numpy: 4 million paths in doubles with the geometric control variate, standard error 0.0001.
    assert.ok(Math.abs(last.estimate - 5.83231) < 0.003, stdout);
  });
});
