// The client and the command line against a real daemon.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  connect,
  Fault,
  OptionModel,
  OptionType,
  OptionValue,
  Precision,
  type Client,
} from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));
const rows = 40_000;

const chain = {
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  values: [OptionValue.OPTION_VALUE_PRICE, OptionValue.OPTION_VALUE_GAMMA],
  type: Uint8Array.from({ length: rows }, (_, row) => 1 + (row % 2)),
  spot: 100,
  strike: Float64Array.from({ length: rows }, (_, row) => 50 + row / 400),
  rate: 0.03,
  dividendYield: [0.01],
  volatility: 0.2,
  yearsToExpiry: 0.75,
};

describe('client and daemon', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });
  const faultFrom = async (promise: Promise<unknown>): Promise<Fault> => {
    const error: unknown = await promise.then(
      () => assert.fail('it resolved'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Fault, String(error));
    return error;
  };

  it('gives a cut batch the same bits as its rows alone', async () => {
    const whole = await client.pricing.priceOptions(chain);
    const from = 30_000;
    const some = await client.pricing.priceOptions({
      ...chain,
      type: chain.type.subarray(from, from + 100),
      strike: chain.strike.subarray(from, from + 100),
    });
    assert.equal(whole.price?.length, rows);
    assert.deepEqual(whole.price.slice(from, from + 100), some.price);
    assert.deepEqual(whole.gamma?.slice(from, from + 100), some.gamma);
    assert.equal(whole.receipt.precision, Precision.PRECISION_F64);
  });

  it('computes in single precision for columns of it', async () => {
    const strike = Float32Array.of(90, 100, 110);
    const reply = await client.pricing.priceOptions({ ...chain, type: 1, strike });
    assert.ok(reply.price instanceof Float32Array);
    assert.equal(reply.receipt.precision, Precision.PRECISION_F32);
  });

  it('joins the masks of undefined values', async () => {
    const volatility = new Float64Array(rows).fill(0.2);
    const yearsToExpiry = new Float64Array(rows).fill(0.75);
    // At the money at expiry gamma does not exist.
    const kink = 20_000;
    yearsToExpiry[kink] = 0;
    const reply = await client.pricing.priceOptions({ ...chain, volatility, yearsToExpiry });
    assert.equal(chain.strike[kink], chain.spot);
    const bits = Array.from(reply.undefined ?? []);
    assert.equal(bits.length, rows);
    assert.deepEqual(
      bits.flatMap((mask, row) => (mask === 0 ? [] : [[row, mask]])),
      [[kink, 1 << OptionValue.OPTION_VALUE_GAMMA]],
    );
  });

  it('never hangs while much is sent both ways at once', async () => {
    // With a receive window of 1 MB in the client this hung for good, mostly in the first round.
    const many = { ...chain, strike: chain.strike, spot: chain.strike, values: [1, 2, 3, 4, 5, 6] };
    for (let round = 0; round < 4; round += 1) {
      const calls = Array.from({ length: 8 }, () => client.pricing.priceOptions(many, { timeoutMs: 25_000 }));
      for (const { price } of await Promise.all(calls)) assert.equal(price?.length, rows);
    }
  });

  it("names the caller's row in a fault of a cut batch", async () => {
    const strike = chain.strike.slice();
    strike[33_333] = -1;
    const fault = await faultFrom(client.pricing.priceOptions({ ...chain, strike }));
    assert.equal(fault.code, 'INVALID_INPUT');
    assert.deepEqual(
      fault.violations.map(({ field }) => field),
      ['strike.data[33333]'],
    );
  });

  it('takes the request id through to a fault and its receipt', async () => {
    const fault = await faultFrom(client.pricing.priceOptions({ ...chain, type: 0 }, { requestId: 'desk-7' }));
    assert.equal(fault.requestId, 'desk-7');
    assert.equal(fault.retryable, false);
  });

  it('says that a killed daemon is gone, and goes on with the next one', async () => {
    const first = await startDaemon();
    const { socket, directory } = first;
    const lasting = connect({ socket });
    assert.equal((await lasting.admin.getStatus()).pid, first.pid);
    process.kill(first.pid, 'SIGKILL');
    const impatient = connect({ socket, retry: { attemptsMax: 1 } });
    let fault: Fault;
    do fault = await faultFrom(impatient.admin.getStatus());
    while (fault.code === 'CONNECTION_LOST');
    assert.equal(fault.code, 'DAEMON_UNREACHABLE');
    const next = await startDaemon({ directory });
    assert.equal((await lasting.admin.getStatus()).pid, next.pid);
    for (const each of [impatient, lasting]) each.close();
    await next.stop();
    await first.stop();
  });

  interface Ended {
    readonly code: number;
    readonly out: string;
    readonly error: string;
  }
  const acceld = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(process.execPath, [program, ...args], (failure, out, error) => {
        resolve({ code: failure ? Number(failure.code) : 0, out, error });
      });
    });
  const option = ['--type', 'call', '--spot', '100', '--strike', '100', '--rate', '0.05', '--volatility', '0.2'];

  it('is shown by acceld status', async () => {
    const { code, out } = await acceld('status', '--socket', daemon.socket);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^acceld \\S+, pid ${daemon.pid}: serving`));
    const { out: json } = await acceld('--socket', daemon.socket, 'status', '--json');
    assert.equal((JSON.parse(json) as { pid: number }).pid, daemon.pid);
  });

  it('prices for acceld price and acceld call', async () => {
    const priced = await acceld('price', ...option, '--years', '1', '--json', '--socket', daemon.socket);
    const { price } = JSON.parse(priced.out) as { price: number[] };
    assert.ok(Math.abs(price[0]! - 10.450583572185565) < 1e-12);
    const numbers = { spot: 100, strike: [100], rate: 0.05, volatility: 0.2, yearsToExpiry: 1 };
    const request = { model: 'BLACK_SCHOLES_MERTON', type: 'CALL', ...numbers };
    const called = await acceld('call', 'priceOptions', JSON.stringify(request), '--socket', daemon.socket);
    assert.deepEqual((JSON.parse(called.out) as { price: number[] }).price, price);
  });

  it('makes acceld exit with 1 for a fault, 2 for wrong use and 69 without a daemon', async () => {
    const failed = await acceld('price', ...option, '--years', '-1', '--socket', daemon.socket);
    assert.equal(failed.code, 1);
    assert.match(failed.error, /^acceld: INVALID_INPUT: .*\n {2}years_to_expiry\.data\[0\]: must be .*, got -1\n$/);
    assert.equal((await acceld('price', '--socket', daemon.socket)).code, 2);
    assert.equal((await acceld('status', '--socket', `${daemon.directory}/none`)).code, 69);
  });

  it('sees a type for which no code exists refused with its name', async () => {
    const fault = await faultFrom(client.pricing.priceOptions({ ...chain, type: OptionType.OPTION_TYPE_UNSPECIFIED }));
    assert.match(fault.violations[0]!.description, /OPTION_TYPE_UNSPECIFIED/);
  });
});
