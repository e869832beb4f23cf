// acceld top, acceld history and acceld metrics, as an operator sees them on a terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, afterEach, before, describe, it } from 'mocha';
import { connect, OptionModel, OptionType, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { needs, runs } from '../support/missing.js';
import { onTerminal, type PseudoTerminal } from '../support/pseudo-terminal.js';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

describe('observation', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: Client;
  let terminal: PseudoTerminal | undefined;
  const acceld = async (...args: string[]): Promise<string> => {
    const words = [program, '--socket', daemon.socket, ...args];
    return (await promisify(execFile)(process.execPath, words, { timeout: 30_000 })).stdout;
  };
  const price = (count: number): Promise<unknown> =>
    client.pricing.priceOptions({
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: new Uint8Array(count).fill(OptionType.OPTION_TYPE_CALL),
      ...{ spot: 100, strike: 105, rate: 0.05, volatility: 0.2, yearsToExpiry: 1 },
    });
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
    await price(20_000);
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  // Its end closes the terminal, and so ends what runs on it.
  afterEach(() => terminal?.child.kill('SIGKILL'));

  for (const [name, end] of [
    ['q', (terminal: PseudoTerminal) => terminal.type('q')],
    ['Ctrl-C', (terminal: PseudoTerminal) => terminal.type('\u0003')],
  ] as const) {
    it(`top draws itself anew and leaves the terminal as it was after ${name}`, async function () {
      needs(this, 'python3', runs('python3', '--version'));
      const words = [process.execPath, program, '--socket', daemon.socket, 'top'];
      terminal = onTerminal(words, { rows: 24, columns: 90, after: 'stty -a; exit 5' });
      const seen = terminal;
      const frames = (): string[] => seen.output().split('\u001b[H').slice(1);
      await eventually(() => assert.ok(frames().length >= 3, seen.output()), 20_000);
      const second = frames()[1]!;
      assert.ok(seen.output().includes(enter));
      assert.match(second, /serving for/);
      assert.match(second, /cpu +up .* % +\d+\.\d\d threads/);
      assert.match(second, /price-options +\d+ +0 +\d/);
      assert.match(second, new RegExp(`uid:${process.getuid!()} `));
      const lines = second.split('\r\n');
      assert.ok(lines.length <= 24);
      end(seen);
      assert.equal(await seen.ended, 5);
      const [, afterwards = ''] = seen.output().split(leave);
      // Raw mode is over: the terminal echoes, and makes signals of keys.
      assert.match(afterwards, /^isig icanon /m);
      assert.match(afterwards, / echo /);
    });
  }

  it('top gives the terminal back when it is told to end', async function () {
    needs(this, 'python3', runs('python3', '--version'));
    const words = [process.execPath, program, '--socket', daemon.socket, 'top'];
    const seen = (terminal = onTerminal(words, { rows: 24, columns: 90 }));
    await eventually(() => assert.match(seen.output(), /serving for/), 20_000);
    process.kill(Number(/^pid (\d+)/.exec(seen.output())![1]), 'SIGTERM');
    assert.equal(await seen.ended, 0);
    assert.ok(seen.output().trimEnd().endsWith(leave));
  });

  it('top gives one look where nobody sits at a screen', async () => {
    const seen = await acceld('top');
    assert.ok(!seen.includes('\u001b'));
    assert.match(seen, /operation, last minute +calls/);
    assert.equal((await acceld('top', '--once')).split('\n')[4], seen.split('\n')[4]);
  });

  it('history shows what began, and is JSON where that is wanted', async () => {
    const seen = await acceld('history', '--since', '10m');
    assert.match(seen, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}started {2}\{"version":/m);
    const { events } = JSON.parse(await acceld('history', '--kind', 'started', '--json')) as { events: unknown[] };
    assert.equal(events.length, 1);
    assert.equal(await acceld('history', '--kind', 'no-such-kind'), 'nothing was kept in this time\n');
  });

  it('metrics name the callers that the open port does not show', async () => {
    const caller = `acceld_caller_device_seconds_total{caller="uid:${process.getuid!()}"}`;
    assert.ok((await acceld('metrics')).includes(caller));
    const open = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    assert.match(open, /acceld_call_seconds_count/);
    assert.doesNotMatch(open, /caller=|uid:/);
  });
});
