// The client alone, installed as a stranger would: in an empty folder, outside the tree, running no script.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const program = `
import { connect, OptionModel, OptionType, OptionValue } from 'acceld-client';

const client = connect({ socket: process.argv[2] });
const rows = 20_000;
const reply = await client.pricing.priceOptions({
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  values: [OptionValue.OPTION_VALUE_PRICE],
  type: OptionType.OPTION_TYPE_CALL,
  spot: 100,
  strike: Float64Array.from({ length: rows }, (_, row) => 50 + row / 200),
  rate: 0.05,
  volatility: 0.2,
  yearsToExpiry: 1,
});
client.close();
console.log(JSON.stringify({ rows: reply.price.length, atTheMoney: reply.price[10_000], engine: reply.receipt.engine }));
`;

describe('npm run pack:client', function () {
  this.timeout(180_000);
  let daemon: RunningDaemon;
  let folder: string;
  before(async () => {
    daemon = await startDaemon();
    folder = mkdtempSync(join(tmpdir(), 'acceld-packed-'));
  });
  after(async () => {
    await daemon?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('makes a package that prices a chain, with neither addon nor script nor proto files', async () => {
    const { stdout: packed } = await run(process.execPath, ['scripts/pack-client.mjs'], { cwd: root });
    writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "type": "module", "private": true }');
    const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, packed.trim()], { cwd: folder });
    writeFileSync(join(folder, 'price.mjs'), program);
    const { stdout } = await run(process.execPath, ['price.mjs', daemon.socket], { cwd: folder });
    const { rows, atTheMoney, engine } = JSON.parse(stdout) as { rows: number; atTheMoney: number; engine: string };
    assert.equal(rows, 20_000);
    assert.equal(engine, 'own');
    // The textbook's call: S = K = 100, r = 5 %, 20 % of volatility, one year.
    assert.ok(Math.abs(atTheMoney - 10.450583572185565) < 1e-12, String(atTheMoney));
    const installed = join(folder, 'node_modules/acceld-client');
    assert.deepEqual(readdirSync(installed).sort(), ['README.md', 'dist', 'package.json']);
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    assert.equal(manifest['scripts'], undefined);
  });
});
