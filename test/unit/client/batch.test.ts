import assert from 'node:assert/strict';
import { messagesInFlightMax } from '../../../src/client/batch.js';
import { rowsPerMessageMax } from '../../../src/client/cut.js';
import { connect, Fault, OptionModel, type Client } from '../../../src/client/index.js';
import { DataType } from '../../../src/gen/acceld/v1/tensor.js';
import {
  daemonFault,
  echoStrikes,
  float64,
  numbersOf,
  receipt,
  serve,
  type Handler,
  type TestServer,
} from './server.js';

const rows = 2 * rowsPerMessageMax + 5;
const strikes = Float64Array.from({ length: rows }, (_, row) => 1 + row);
const chain = {
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  type: 1,
  spot: 100,
  strike: strikes,
  rate: [0.01],
  volatility: new Float64Array(rows).fill(0.2),
  yearsToExpiry: 0.5,
};

describe('client: a long batch', () => {
  let server: TestServer;
  let client: Client;
  const start = async (handler: Handler) => {
    server = await serve(handler);
    client = connect({ socket: server.socket });
  };
  const faultFrom = (promise: Promise<unknown>): Promise<Fault> =>
    promise.then(
      () => assert.fail('it resolved'),
      (error: unknown) => (assert.ok(error instanceof Fault), error),
    );
  afterEach(() => {
    client.close();
    server.close();
  });

  it('is cut, and joined in order, with columns of one element whole in each message', async () => {
    const seen: unknown[] = [];
    const ids = new Set<unknown>();
    await start(async (request, call) => {
      const { type, spot, strike, volatility } = request;
      seen.push([type, spot, strike, volatility].map((tensor) => tensor?.shape[0]));
      ids.add(call.metadata.get('x-request-id')[0]);
      return echoStrikes(request, call);
    });
    const reply = await client.pricing.priceOptions(chain);
    assert.deepEqual(reply.price, strikes);
    const lengths = [rowsPerMessageMax, rowsPerMessageMax, 5];
    // The server answers in whatever order the messages come in.
    assert.deepEqual(new Set(seen.map(String)), new Set(lengths.map((length) => `1,1,${length},${length}`)));
    assert.equal(seen.length, 3);
    assert.equal(ids.size, 1);
  });

  it('is sent whole up to the limit', async () => {
    let calls = 0;
    await start(async (request, call) => {
      calls += 1;
      return echoStrikes(request, call);
    });
    const strike = strikes.subarray(0, rowsPerMessageMax);
    const reply = await client.pricing.priceOptions({ ...chain, strike, volatility: 0.2 });
    assert.deepEqual(reply.price, strike);
    assert.equal(calls, 1);
  });

  it('joins the receipts', async () => {
    const receipts = [
      receipt({ computeNs: 10, totalNs: 100, queueNs: 7, deviceName: 'A', quotaLeft: { requests: 3, bytes: 30 } }),
      receipt({
        computeNs: 20,
        totalNs: 300,
        queueNs: 1,
        deviceName: 'B',
        device: 3,
        quotaLeft: { requests: 5, bytes: 9 },
      }),
      receipt({ computeNs: 30, totalNs: 200, queueNs: 2, deviceName: 'A', fallback: { from: 3, reason: 'busy' } }),
    ];
    await start(async (request) => {
      const part = Math.floor((numbersOf(request.strike!)[0]! - 1) / rowsPerMessageMax);
      return { receipt: receipts[part]!, price: request.strike };
    });
    const joined = (await client.pricing.priceOptions(chain)).receipt;
    const { computeNs, totalNs, queueNs, device, fallback, quotaLeft } = joined;
    assert.deepEqual(
      { computeNs, totalNs, queueNs, device, fallback, quotaLeft, names: new Set(joined.deviceName.split(', ')) },
      {
        computeNs: 60,
        totalNs: 300,
        queueNs: 7,
        device: 0,
        fallback: { from: 3, reason: 'busy' },
        quotaLeft: { requests: 3, bytes: 9 },
        names: new Set(['A', 'B']),
      },
    );
  });

  it('fills the mask of undefined values with zeros where a message had none', async () => {
    const bits = Uint32Array.of(0, 0, 8, 0, 4);
    const mask = { dtype: DataType.DATA_TYPE_U32, shape: [5], data: new Uint8Array(bits.buffer) };
    await start(async (request, call) => {
      const reply = await echoStrikes(request, call);
      return request.strike?.shape[0] === 5 ? { ...reply, undefined: mask } : reply;
    });
    const reply = await client.pricing.priceOptions(chain);
    assert.ok(reply.undefined instanceof Uint32Array);
    assert.equal(reply.undefined.length, rows);
    assert.deepEqual(reply.undefined.slice(-5), bits);
    assert.ok(reply.undefined.slice(0, -5).every((value) => value === 0));
  });

  it('refuses a reply in which a column of numbers is missing in one message', async () => {
    await start(async (request, call) => {
      const reply = await echoStrikes(request, call);
      return request.strike?.shape[0] === 5 ? { ...reply, delta: float64(new Float64Array(5)) } : reply;
    });
    assert.equal((await faultFrom(client.pricing.priceOptions(chain))).code, 'REPLY_INVALID');
  });

  it('names the rows of the caller in a fault, and leaves columns of one element alone', async () => {
    await start(async (request, call) => {
      if (numbersOf(request.strike!)[0] !== 1 + rowsPerMessageMax) return echoStrikes(request, call);
      const fields = ['strike.data[17]', 'spot.data[0]', 'model'];
      throw daemonFault({ code: 'INVALID_INPUT', violations: fields.map((field) => ({ field, description: 'bad' })) });
    });
    const fault = await faultFrom(client.pricing.priceOptions(chain));
    assert.deepEqual(
      fault.violations.map(({ field }) => field),
      [`strike.data[${rowsPerMessageMax + 17}]`, 'spot.data[0]', 'model'],
    );
  });

  it('cancels the other messages when one fails, and sends no more', async () => {
    let arrived = 0;
    let cancelled = 0;
    let sawAllCancelled: () => void;
    const allCancelled = new Promise<void>((resolve) => (sawAllCancelled = resolve));
    await start(async (_, call) => {
      arrived += 1;
      if (arrived === messagesInFlightMax) throw daemonFault({ code: 'DEVICE_ABSENT' });
      return new Promise(() =>
        call.once('cancelled', () => {
          cancelled += 1;
          if (cancelled === messagesInFlightMax - 1) sawAllCancelled();
        }),
      );
    });
    const many = new Float64Array(20 * rowsPerMessageMax).fill(100);
    const fault = await faultFrom(client.pricing.priceOptions({ ...chain, strike: many, volatility: 0.2 }));
    assert.equal(fault.code, 'DEVICE_ABSENT');
    await allCancelled;
    assert.equal(arrived, messagesInFlightMax);
  });

  it('ends as a whole when the signal is raised', async () => {
    const controller = new AbortController();
    await start(async () => {
      controller.abort('enough');
      return new Promise(() => undefined);
    });
    const fault = await faultFrom(client.pricing.priceOptions(chain, { signal: controller.signal }));
    assert.equal(fault.code, 'CANCELLED');
    assert.equal(fault.cause, 'enough');
  });

  it('tries one message again without repeating the others', async () => {
    let calls = 0;
    await start(async (request, call) => {
      calls += 1;
      if (calls === 2) throw daemonFault({ code: 'QUEUE_FULL', retryable: true });
      return echoStrikes(request, call);
    });
    assert.deepEqual((await client.pricing.priceOptions(chain)).price, strikes);
    assert.equal(calls, 4);
  });

  it('refuses columns of different lengths, naming each', async () => {
    await start(echoStrikes);
    const short = new Float64Array(7);
    const fault = await faultFrom(client.pricing.priceOptions({ ...chain, volatility: short, yearsToExpiry: short }));
    assert.deepEqual(
      fault.violations.map(({ field }) => field),
      ['volatility', 'years_to_expiry'],
    );
  });
});
