import assert from 'node:assert/strict';
import { UsageError } from '../../../src/cli/failure.js';
import { plot } from '../../../src/cli/plot.js';
import { run } from '../../../src/cli/program.js';
import { doneOf, simulateRequest, type SimulateFlags } from '../../../src/cli/simulate.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { Averaging, BarrierKind, OptionType, StopReason } from '../../../src/client/index.js';
import { SimulateResponse } from '../../../src/gen/acceld/v1/simulate.js';
import { receipt, serve, type TestServer } from '../client/server.js';

const flags: SimulateFlags = {
  type: 'call',
  spot: '100',
  strike: '105',
  rate: '0.05',
  volatility: '0.2',
  years: '2',
  payoff: 'european',
  averaging: 'arithmetic',
};
const barrier = { payoff: 'barrier', barrier: '80', barrierKind: 'down-and-out', monitorings: '2' };
const message = (facts: object) => SimulateResponse.fromPartial({ estimate: 5, standardError: 0.1, ...facts });

describe('acceld simulate: flags', () => {
  it('become a request, bounded by paths where nothing bounds it', () => {
    const request = simulateRequest({ ...flags, dividendYield: '0.01', seed: '18446744073709551615' });
    const { type, spot, strike, yearsToExpiry, dividendYield, payoff, seed, pathsMax, greeks } = request;
    assert.deepEqual(
      { type, spot, strike, yearsToExpiry, dividendYield, payoff, seed, pathsMax, greeks },
      {
        type: OptionType.OPTION_TYPE_CALL,
        spot: 100,
        strike: 105,
        yearsToExpiry: 2,
        dividendYield: 0.01,
        payoff: { $case: 'european', value: {} },
        seed: 2n ** 64n - 1n,
        pathsMax: 1_048_576n,
        greeks: false,
      },
    );
    const timed = simulateRequest({ ...flags, seconds: '1.25' });
    assert.equal(timed.pathsMax, undefined);
    assert.deepEqual(timed.timeBudget, { seconds: 1n, nanos: 250_000_000 });
  });

  it('place fixings and looks at the barrier evenly, or as they are told', () => {
    const value = (more: object) => simulateRequest({ ...flags, ...more }).payoff?.value;
    assert.deepEqual(value({ payoff: 'asian', fixings: '4', averaging: 'geometric' }), {
      averaging: Averaging.AVERAGING_GEOMETRIC,
      fixingYears: [0.5, 1, 1.5, 2],
    });
    assert.deepEqual(value({ payoff: 'asian', fixingYears: '0.1,2' }), {
      averaging: Averaging.AVERAGING_ARITHMETIC,
      fixingYears: [0.1, 2],
    });
    const kind = BarrierKind.BARRIER_KIND_DOWN_AND_OUT;
    assert.deepEqual(value(barrier), { kind, barrier: 80, rebate: 0, monitoringYears: [1, 2] });
  });

  const wrong: readonly [flag: RegExp, flags: object][] = [
    [/--payoff/, { payoff: 'lookback' }],
    [/--fixings or --fixing-years/, { payoff: 'asian' }],
    [/--fixings or --fixing-years/, { payoff: 'asian', fixings: '3', fixingYears: '1,2' }],
    [/--fixings must be 1 to 4096/, { payoff: 'asian', fixings: '5000' }],
    [/--barrier-kind/, { ...barrier, barrierKind: 'up' }],
    [/--monitorings/, { ...barrier, monitorings: undefined }],
    [/--paths/, { paths: '1.5' }],
    [/--seed/, { seed: '-1' }],
    [/--strike must be one value/, { strike: '100,105' }],
    [/--years or --days/, { days: '30' }],
    [/--target-error/, { targetError: 'x' }],
  ];
  for (const [flag, more] of wrong) {
    it(`that are wrong are named: ${JSON.stringify(more)}`, () => {
      assert.throws(
        () => simulateRequest({ ...flags, ...more }),
        (error) => error instanceof UsageError && flag.test(error.message),
      );
    });
  }

  it('say how near the end is, by the bound that comes first', () => {
    const at = (facts: object, more: object) => doneOf(message(facts), simulateRequest({ ...flags, ...more }));
    assert.equal(at({ paths: 250 }, { paths: '1000' }), 0.25);
    assert.ok(Math.abs(at({ paths: 250 }, { paths: '1000', targetError: '0.08' }) - 0.64) < 1e-12);
    assert.equal(at({ elapsedNs: 1.5e9 }, { seconds: '2' }), 0.75);
  });
});

describe('acceld simulate', () => {
  let server: TestServer;
  let out: string;
  const acceld = async (args: readonly string[], columns?: number) => {
    out = '';
    const terminal: Terminal = {
      out: (text) => void (out += text),
      error: (text) => void (out += text),
      readInput: () => '',
      hasColor: false,
      columns,
      environment: {},
    };
    const option = ['--type', 'call', '--spot', '100', '--strike', '100', '--rate', '0', '--volatility', '0.2'];
    return run(['--socket', server.socket, 'simulate', ...option, '--years', '1', ...args], terminal);
  };
  before(async () => {
    server = await serve(() => Promise.reject(new Error('no unary call is made here')), {
      simulate: (call) => {
        call.write(message({ paths: 524_288 }));
        const stopReason = StopReason.STOP_REASON_PATHS;
        call.write(message({ paths: 1_048_576, delta: 0.5, elapsedNs: 2e6, stopReason, receipt: receipt() }));
        call.end();
      },
    });
  });
  after(() => server.close());

  it('prints a table, and no bar where nobody looks at a screen', async () => {
    assert.equal(await acceld([]), 0);
    assert.match(out, /^price +5\.000000 +1\.00e-1$/m);
    assert.match(out, /^delta +0\.500000/m);
    assert.match(out, /^1,048,576 paths in 2\.00 ms, ended by: paths\nRan on /m);
    assert.equal(
      ['\r', '\u001b'].some((character) => out.includes(character)),
      false,
    );
  });

  it('draws a bar over itself on a screen, within its width', async () => {
    assert.equal(await acceld([], 60), 0);
    const lines = out.split('\r').slice(1);
    assert.match(lines[0]!, /^\[#{12}\.{12}\] 5\.000000 ± 1\.0e-1 after 524,/);
    assert.ok(lines.slice(0, 2).every((line) => line.replace('\u001b[K', '').length <= 59));
    assert.ok(lines[2]!.startsWith('\u001b[Kvalue'));
  });

  it('prints one object of JSON for each message', async () => {
    assert.equal(await acceld(['--json']), 0);
    const messages = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { paths: number; stopReason: string });
    assert.deepEqual(
      messages.map(({ paths, stopReason }) => [paths, stopReason]),
      [
        [524_288, 'STOP_REASON_UNSPECIFIED'],
        [1_048_576, 'STOP_REASON_PATHS'],
      ],
    );
  });

  it('refuses a time budget that the deadline would cut', async () => {
    assert.equal(await acceld(['--seconds', '30']), 2);
    assert.match(out, /--seconds must be below --timeout/);
  });
});

describe('acceld demo: plot', () => {
  it('draws estimates between two errors to each side, over an axis', () => {
    const text = plot([
      { label: '1,000', estimate: 10, standardError: 1 },
      { label: '16,000', estimate: 10.5, standardError: 0.25 },
    ]);
    const [first, second, axis] = text.split('\n');
    assert.match(first!, /^ 1,000 \|-+o-+\|$/);
    assert.match(second!, /^16,000 {20,}\|-+o-+\|$/);
    assert.match(axis!, /^ +8\.00 +12\.00$/);
    assert.equal(first!.length, axis!.length);
  });

  it('draws at most twelve rows, with the first and the last', () => {
    const points = Array.from({ length: 500 }, (_, row) => ({ label: String(row), estimate: 1, standardError: 0 }));
    const lines = plot(points).trimEnd().split('\n');
    assert.ok(lines.length <= 13);
    assert.match(lines[0]!, /^ +0 o$/);
    assert.match(lines.at(-2)!, /^499 o$/);
  });
});
