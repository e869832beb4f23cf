import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import {
  connect,
  Fault,
  OptionModel,
  OptionValue,
  type Client,
  type ConnectOptions,
} from '../../../src/client/index.js';
import { daemonFault, echoStrikes, float64, receipt, serve, type Handler, type TestServer } from './server.js';

const option = {
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  values: [OptionValue.OPTION_VALUE_PRICE],
  type: 1,
  spot: 100,
  strike: 105,
  rate: 0.01,
  volatility: 0.2,
  yearsToExpiry: 0.5,
};

/** The fault that the promise rejects with. */
async function faultFrom(promise: Promise<unknown>): Promise<Fault> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Fault, `expected a Fault, got ${String(outcome)}`);
  return outcome;
}

describe('client', () => {
  let server: TestServer;
  let client: Client;
  const start = async (handler: Handler, options: ConnectOptions = {}) => {
    server = await serve(handler);
    client = connect({ socket: server.socket, ...options });
  };
  afterEach(() => {
    client.close();
    server.close();
  });

  it('sends columns and gives typed arrays back', async () => {
    await start(echoStrikes);
    const reply = await client.pricing.priceOptions({ ...option, strike: [90, 100.5, 110] });
    assert.deepEqual(reply.price, Float64Array.of(90, 100.5, 110));
    assert.equal(reply.delta, undefined);
    assert.equal(reply.receipt.engine, 'own');
  });

  it('passes the request id on', async () => {
    await start(async (_, call) => ({ receipt: receipt({ requestId: String(call.metadata.get('x-request-id')[0]) }) }));
    const reply = await client.pricing.priceOptions(option, { requestId: 'order-17' });
    assert.equal(reply.receipt.requestId, 'order-17');
  });

  it('tells everything about a fault of the daemon', async () => {
    const violations = [{ field: 'spot.data[0]', description: 'must be 1e-9 to 1e12, got -1' }];
    await start(async () => {
      throw daemonFault({ code: 'INVALID_INPUT', grpcStatus: status.INVALID_ARGUMENT, violations, retryAfterMs: 3 });
    });
    const fault = await faultFrom(client.pricing.priceOptions(option));
    const { code, status: statusName, retryable, requestId, retryAfterMs, message } = fault;
    assert.deepEqual(
      { code, statusName, retryable, requestId, retryAfterMs, message },
      {
        code: 'INVALID_INPUT',
        statusName: 'INVALID_ARGUMENT',
        retryable: false,
        requestId: 'id-7',
        retryAfterMs: 3,
        message: 'fault INVALID_INPUT',
      },
    );
    assert.deepEqual(fault.violations, violations);
    assert.equal(fault.receipt?.queueNs, 5);
  });

  it('tries a retryable fault again, no earlier than the daemon asked for', async () => {
    const arrivals: number[] = [];
    await start(async (request, call) => {
      arrivals.push(performance.now());
      if (arrivals.length < 3) throw daemonFault({ code: 'QUEUE_FULL', retryable: true, retryAfterMs: 30 });
      return echoStrikes(request, call);
    });
    await client.pricing.priceOptions(option);
    assert.equal(arrivals.length, 3);
    const [first, second] = arrivals as [number, number];
    assert.ok(second - first >= 29, `came back after ${second - first} ms`);
  });

  it('does not try a fault again that is not retryable', async () => {
    let calls = 0;
    await start(async () => {
      calls += 1;
      throw daemonFault({ code: 'DEVICE_ABSENT', grpcStatus: status.FAILED_PRECONDITION });
    });
    assert.equal((await faultFrom(client.pricing.priceOptions(option))).code, 'DEVICE_ABSENT');
    assert.equal(calls, 1);
  });

  it('gives up after the attempts allowed', async () => {
    let calls = 0;
    const refuse = async () => {
      calls += 1;
      throw daemonFault({ code: 'QUEUE_FULL', retryable: true });
    };
    await start(refuse, { retry: { attemptsMax: 2 } });
    assert.equal((await faultFrom(client.pricing.priceOptions(option))).code, 'QUEUE_FULL');
    assert.equal(calls, 2);
  });

  it('tries raw calls again only where they are said to be idempotent', async () => {
    let calls = 0;
    await start(async () => {
      calls += 1;
      throw daemonFault({ code: 'QUEUE_FULL', retryable: true });
    });
    const path = '/acceld.v1.PricingService/PriceOptions';
    await faultFrom(client.raw(path, new Uint8Array()));
    assert.equal(calls, 1);
    await faultFrom(client.raw(path, new Uint8Array(), { idempotent: true }));
    assert.equal(calls, 6);
  });

  it('says the fault itself where no time is left for another attempt', async () => {
    await start(async () => {
      throw daemonFault({ code: 'QUEUE_FULL', retryable: true, retryAfterMs: 900 });
    });
    const started = performance.now();
    assert.equal((await faultFrom(client.pricing.priceOptions(option, { timeoutMs: 400 }))).code, 'QUEUE_FULL');
    assert.ok(performance.now() - started < 400);
  });

  it('ends at the deadline, and the server sees the call cancelled', async () => {
    let sawCancelled: () => void;
    const cancelled = new Promise<void>((resolve) => (sawCancelled = resolve));
    await start((_, call) => new Promise(() => call.once('cancelled', sawCancelled)));
    const fault = await faultFrom(client.pricing.priceOptions(option, { timeoutMs: 60 }));
    assert.equal(fault.code, 'DEADLINE_EXCEEDED');
    await cancelled;
  });

  it('ends when the signal is raised, and the server sees the call cancelled', async () => {
    let sawCancelled: () => void;
    const cancelled = new Promise<void>((resolve) => (sawCancelled = resolve));
    const controller = new AbortController();
    await start((_, call) => {
      controller.abort('enough');
      return new Promise(() => call.once('cancelled', sawCancelled));
    });
    const fault = await faultFrom(client.pricing.priceOptions(option, { signal: controller.signal }));
    assert.equal(fault.code, 'CANCELLED');
    assert.equal(fault.cause, 'enough');
    await cancelled;
  });

  it('makes no call for a signal that was raised before', async () => {
    let calls = 0;
    await start(async (request, call) => {
      calls += 1;
      return echoStrikes(request, call);
    });
    const fault = await faultFrom(client.pricing.priceOptions(option, { signal: AbortSignal.abort() }));
    assert.equal(fault.code, 'CANCELLED');
    assert.equal(calls, 0);
  });

  it('stops waiting for another attempt when the signal is raised', async () => {
    const controller = new AbortController();
    await start(async () => {
      setImmediate(() => setImmediate(() => controller.abort()));
      throw daemonFault({ code: 'QUEUE_FULL', retryable: true, retryAfterMs: 900 });
    });
    const started = performance.now();
    assert.equal(
      (await faultFrom(client.pricing.priceOptions(option, { signal: controller.signal }))).code,
      'CANCELLED',
    );
    assert.ok(performance.now() - started < 800);
  });

  it('leaves no listener on a signal that many calls share', async () => {
    await start(echoStrikes);
    const { signal } = new AbortController();
    const added: unknown[] = [];
    const removed: unknown[] = [];
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (added.push(args[1]), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (removed.push(args[1]), remove(...args));
    await Promise.all(Array.from({ length: 20 }, () => client.pricing.priceOptions(option, { signal })));
    assert.equal(added.length, 20);
    assert.deepEqual(new Set(removed), new Set(added));
  });

  it('ends calls in flight when it is closed, and makes no more', async () => {
    let arrived: () => void;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    await start(() => new Promise(() => arrived()));
    const call = faultFrom(client.pricing.priceOptions(option));
    await arrival;
    client.close();
    assert.equal((await call).code, 'CLIENT_CLOSED');
    assert.equal((await faultFrom(client.pricing.priceOptions(option))).code, 'CLIENT_CLOSED');
  });

  it('says that the connection was lost when the daemon is killed', async () => {
    await start(
      async () => {
        server.kill();
        return new Promise(() => undefined);
      },
      { retry: { attemptsMax: 1 } },
    );
    const fault = await faultFrom(client.pricing.priceOptions(option));
    assert.equal(fault.code, 'CONNECTION_LOST');
    assert.equal(fault.retryable, true);
  });

  it('refuses a reply without a receipt', async () => {
    await start(async () => ({ price: float64(Float64Array.of(1)) }));
    assert.equal((await faultFrom(client.pricing.priceOptions(option))).code, 'REPLY_INVALID');
  });

  it('refuses a reply whose column is not whole', async () => {
    await start(async () => ({ receipt: receipt(), price: { ...float64(Float64Array.of(1, 2)), shape: [3] } }));
    const fault = await faultFrom(client.pricing.priceOptions(option));
    assert.equal(fault.code, 'REPLY_INVALID');
    assert.match(fault.message, /price/);
  });

  it('refuses a request that cannot be encoded', async () => {
    await start(echoStrikes);
    const model = 'BLACK_76' as unknown as OptionModel;
    const fault = await faultFrom(client.pricing.priceOptions({ ...option, model }));
    assert.equal(fault.code, 'INVALID_INPUT');
    assert.match(fault.message, /int32/);
  });

  it('names every wrong option of a call', async () => {
    await start(echoStrikes);
    const wrong = { timeoutMs: 0, requestId: 'a\nb', colour: 1 };
    const fault = await faultFrom(client.pricing.priceOptions(option, wrong));
    assert.deepEqual(
      fault.violations.map(({ field }) => field),
      ['colour', 'timeoutMs', 'requestId'],
    );
  });
});
