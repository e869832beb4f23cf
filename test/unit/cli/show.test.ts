import assert from 'node:assert/strict';
import { parseBars, volatility } from '../../../src/cli/bars.js';
import { report, CommandFailure } from '../../../src/cli/failure.js';
import { bytes, duration, plain, receiptLine } from '../../../src/cli/show.js';
import { clean, table, type Terminal } from '../../../src/cli/terminal.js';
import { receipt } from '../client/server.js';

const quiet = (hasColor: boolean): Terminal => ({
  out: () => {},
  error: () => {},
  readInput: () => '',
  hasColor,
  columns: undefined,
  environment: {},
});

describe('cli: what people and programs read', () => {
  it('shows times and sizes in the unit that fits', () => {
    assert.deepEqual([999, 1_500, 2_500_000, 3e9].map(duration), ['999 ns', '1.5 us', '2.50 ms', '3.00 s']);
    assert.deepEqual([1023, 2048, 3 * 2 ** 20].map(bytes), ['1023 B', '2.0 KiB', '3.0 MiB']);
  });

  it('tells in a receipt what ran instead of what, and why', () => {
    const line = receiptLine(receipt({ fallback: { from: 3, reason: 'no such device' }, kernelDigest: 'abc' }));
    assert.match(line, /Instead of gpu: no such device\./);
    assert.match(line, /kernel abc/);
    assert.doesNotMatch(receiptLine(receipt()), /Instead/);
  });

  it('makes plain JSON of columns, bigints, enums and absent fields', () => {
    assert.deepEqual(
      plain({ price: Float64Array.of(1), seed: 2n ** 63n, device: 2, delta: undefined, list: [{ a: 1 }] }),
      {
        price: [1],
        seed: '9223372036854775808',
        device: 'DEVICE_CPU',
        delta: null,
        list: [{ a: 1 }],
      },
    );
  });

  it('strips control and reordering characters, and nothing else', () => {
    assert.equal(clean('a\u001b[2Jb\u0000\n\t\u009bc\u202ed\u2066é漢'), 'a[2Jbcdé漢');
  });

  it('uses colour only where there is some', () => {
    const sheet = { head: ['name', 'n'], rows: [['a', '1']], numbersFrom: 1 };
    assert.equal(table(sheet, quiet(false)).includes('\u001b'), false);
    assert.ok(table(sheet, quiet(true)).includes('\u001b[1m'));
  });

  it('exits with 70 for a bug and 1 for a command that cannot do its work', () => {
    assert.equal(report(new TypeError('x'), quiet(false)), 70);
    assert.equal(report(new CommandFailure('x'), quiet(false)), 1);
  });
});

describe('cli: bars', () => {
  const csv = 'date,open,close\n2020-01-01,1,100\n2020-01-02,1,110\n2020-01-03,1,99\n2020-01-06,1,108.9\n';

  it('reads dates and closes by the names in the head', () => {
    assert.deepEqual(parseBars(csv)[1], { date: '2020-01-02', close: 110 });
  });

  it('refuses a file without closes and a line without one', () => {
    assert.throws(() => parseBars('date,open\n1,2'), /no columns/);
    assert.throws(() => parseBars('date,close\n2020-01-01,\n'), /line 2/);
  });

  it('annualises the standard deviation of the logarithmic returns', () => {
    const [up, down] = [Math.log(1.1), Math.log(0.9)];
    const mean = (2 * up + down) / 3;
    const variance = (2 * (up - mean) ** 2 + (down - mean) ** 2) / 2;
    assert.ok(Math.abs(volatility(parseBars(csv), 3) - Math.sqrt(variance * 252)) < 1e-15);
  });

  it('refuses more returns than there are', () => {
    assert.throws(() => volatility(parseBars(csv), 4), /4 returns need 5 bars/);
  });
});
