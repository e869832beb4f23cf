import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, Fault, OptionModel, type Client, type Session } from '../../../src/client/index.js';
import { rowsPerMessageMax } from '../../../src/client/cut.js';
import { unreadMax } from '../../../src/client/inbox.js';
import { PriceOptionsRequest, PriceOptionsResponse } from '../../../src/gen/acceld/v1/price_options.js';
import type { OpenRequest, SessionCall } from '../../../src/gen/acceld/v1/session_service.js';
import { SimulateResponse } from '../../../src/gen/acceld/v1/simulate.js';
import { Status } from '../../../src/gen/google/rpc/status.js';
import { daemonFault, receipt, serve, type SessionStream, type TestServer } from './server.js';

const neverPriced = () => Promise.reject(new Error('no call of its own is made here'));
const option = { model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON, type: 1, spot: 100, strike: 105 };
const callOf = ({ action }: OpenRequest): SessionCall | undefined =>
  action?.$case === 'call' ? action.value : undefined;
const reply = (id: bigint, value: Uint8Array, last = true) => ({
  id,
  answer: { $case: 'response' as const, value },
  last,
});
const progress = (paths: number, isLast = false) =>
  SimulateResponse.encode(SimulateResponse.fromPartial({ paths, receipt: isLast ? receipt() : undefined })).finish();

/** Strikes come back as prices. */
function echo(stream: SessionStream, request: OpenRequest): void {
  const { strike } = PriceOptionsRequest.decode(callOf(request)!.request);
  const bytes = PriceOptionsResponse.encode(PriceOptionsResponse.fromPartial({ receipt: receipt(), price: strike }));
  stream.write(reply(request.id, bytes.finish()));
}

function statusFrame(id: bigint, fault: ReturnType<typeof daemonFault>) {
  const value = Status.decode(fault.metadata!.get('grpc-status-details-bin')[0] as Buffer);
  return { id, answer: { $case: 'status' as const, value }, last: true };
}

describe('client: session', () => {
  let server: TestServer;
  let client: Client;
  let session: Session;
  let seen: OpenRequest[];
  let streams: SessionStream[];
  /** Resolves once the server has seen so many frames. */
  const frames = async (count: number) => {
    while (seen.length < count) await new Promise((later) => setTimeout(later, 1));
    return seen;
  };
  const start = async (answer: (stream: SessionStream, request: OpenRequest) => void) => {
    seen = [];
    streams = [];
    const open = (stream: SessionStream) => {
      streams.push(stream);
      stream.on('data', (request: OpenRequest) => {
        seen.push(request);
        if (callOf(request)) answer(stream, request);
      });
      stream.on('end', () => stream.end());
      stream.on('error', () => undefined);
    };
    server = await serve(neverPriced, { open });
    client = connect({ socket: server.socket });
    session = client.session();
  };
  afterEach(() => {
    client.close();
    server.close();
  });
  const faultFrom = async (promise: Promise<unknown>): Promise<Fault> => {
    const error = await promise.then(
      () => 'it resolved',
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Fault, String(error));
    return error;
  };

  it('carries many calls over one stream, each with an id and a deadline, in whatever order they end', async () => {
    const waiting: OpenRequest[] = [];
    await start((stream, request) => {
      waiting.push(request);
      if (waiting.length === 10) for (const each of waiting.reverse()) echo(stream, each);
    });
    const strikes = Array.from({ length: 10 }, (_, index) => 90 + index);
    const replies = await Promise.all(strikes.map((strike) => session.pricing.priceOptions({ ...option, strike })));
    assert.deepEqual(
      replies.map(({ price }) => price?.[0]),
      strikes,
    );
    assert.equal(streams.length, 1);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 10);
    const { method, timeout } = callOf(seen[0]!)!;
    assert.equal(method, '/acceld.v1.PricingService/PriceOptions');
    const seconds = Number(timeout!.seconds) + timeout!.nanos / 1e9;
    assert.ok(seconds > 25 && seconds <= 30, String(seconds));
  });

  it('cuts a long batch as a call of its own does', async () => {
    await start(echo);
    const strike = Float64Array.from({ length: 2 * rowsPerMessageMax + 5 }, (_, row) => 1 + row);
    assert.deepEqual((await session.pricing.priceOptions({ ...option, strike })).price, strike);
    assert.equal(seen.length, 3);
  });

  it('tells the fault of one call and goes on with the others', async () => {
    const facts = { code: 'INVALID_INPUT', violations: [{ field: 'spot', description: 'bad' }], retryAfterMs: 7 };
    await start((stream, request) => {
      if (request.id === 1n) stream.write(statusFrame(1n, daemonFault(facts)));
      else echo(stream, request);
    });
    const [fault, { price }] = await Promise.all([
      faultFrom(session.pricing.priceOptions(option)),
      session.pricing.priceOptions(option),
    ]);
    const { code, status, retryAfterMs, requestId, message } = fault;
    assert.deepEqual(
      [code, status, retryAfterMs, requestId, message],
      ['INVALID_INPUT', 'RESOURCE_EXHAUSTED', 7, 'id-7', 'fault INVALID_INPUT'],
    );
    assert.deepEqual(fault.violations, facts.violations);
    assert.equal(price?.[0], 105);
  });

  it('cancels a call with its signal', async () => {
    await start(() => undefined);
    const controller = new AbortController();
    const failed = faultFrom(session.pricing.priceOptions(option, { signal: controller.signal }));
    await frames(1);
    controller.abort('enough');
    const { code, cause } = await failed;
    assert.deepEqual([code, cause], ['CANCELLED', 'enough']);
    const [call, cancel] = await frames(2);
    assert.deepEqual(cancel, { id: call!.id, action: { $case: 'cancel', value: {} } });
  });

  it('ends a call at its deadline, cancels it, and does not mind the late answer', async () => {
    await start((stream, request) => {
      if (request.id === 1n) setTimeout(() => echo(stream, request), 120);
      else echo(stream, request);
    });
    const fault = await faultFrom(session.pricing.priceOptions(option, { timeoutMs: 40 }));
    assert.equal(fault.code, 'DEADLINE_EXCEEDED');
    assert.equal((await frames(2))[1]!.action?.$case, 'cancel');
    await new Promise((later) => setTimeout(later, 120));
    assert.equal((await session.pricing.priceOptions(option)).price?.[0], 105);
    assert.equal(streams.length, 1);
  });

  it('gives the messages of a stream, and cancels it when its reader leaves', async () => {
    await start((stream, { id }) => {
      stream.write(reply(id, progress(1), false));
      stream.write(reply(id, progress(2), false));
      if (id === 1n) stream.write(reply(id, progress(3, true)));
    });
    const paths: number[] = [];
    for await (const message of session.pricing.simulate()) paths.push(message.paths);
    assert.deepEqual(paths, [1, 2, 3]);
    for await (const message of session.pricing.simulate()) {
      if (message.paths === 2) break;
    }
    assert.deepEqual((await frames(3))[2], { id: 2n, action: { $case: 'cancel', value: {} } });
  });

  it('lets the reader of a stream make other calls meanwhile, and ends a stream that is not read', async () => {
    await start((stream, request) => {
      if (callOf(request)!.method.endsWith('PriceOptions')) return echo(stream, request);
      for (let paths = 1; paths <= unreadMax + 10; paths += 1) stream.write(reply(request.id, progress(paths), false));
    });
    const paths: number[] = [];
    const fault = await faultFrom(
      (async () => {
        for await (const message of session.pricing.simulate()) {
          paths.push(message.paths);
          if (message.paths > 1) continue;
          await session.pricing.priceOptions(option);
          await frames(3);
        }
      })(),
    );
    assert.equal(fault.code, 'REPLIES_UNREAD');
    assert.ok(paths.length >= unreadMax && paths.every((each, index) => each === index + 1));
    assert.equal(seen[2]!.action?.$case, 'cancel');
  });

  it('fails every call of a lost stream, and opens another one for the next', async () => {
    await start((stream, request) => {
      if (request.id > 2n) echo(stream, request);
      else if (request.id === 2n) streams[0]!.end();
    });
    const faults = await Promise.all([1, 2].map(() => faultFrom(session.pricing.priceOptions(option))));
    for (const { code, retryable } of faults) assert.deepEqual([code, retryable], ['CONNECTION_LOST', true]);
    assert.equal((await session.pricing.priceOptions(option)).price?.[0], 105);
    assert.equal(streams.length, 2);
    const killed = faultFrom(
      (async () => {
        for await (const _ of session.pricing.simulate({}, {})) assert.fail('nothing was sent');
      })(),
    );
    streams[1]!.removeAllListeners('data');
    server.kill();
    assert.equal((await killed).code, 'CONNECTION_LOST');
  });

  it('closes after the calls in flight, and takes no more', async () => {
    let answer: (() => void) | undefined;
    await start((stream, request) => (answer = () => echo(stream, request)));
    const priced = session.pricing.priceOptions(option);
    await frames(1);
    let isClosed = false;
    const closed = session.close().then(() => (isClosed = true));
    assert.equal((await faultFrom(session.pricing.priceOptions(option))).code, 'CLIENT_CLOSED');
    assert.equal(isClosed, false);
    const ended = once(streams[0]!, 'end');
    answer!();
    assert.equal((await priced).price?.[0], 105);
    await Promise.all([closed, ended]);
    await client.session().close();
  });

  it('fails with the client', async () => {
    await start(() => client.close());
    assert.equal((await faultFrom(session.pricing.priceOptions(option))).code, 'CLIENT_CLOSED');
  });

  it('says that nothing answers, and refuses what a frame cannot carry', async () => {
    await start(echo);
    server.close();
    assert.equal((await faultFrom(session.pricing.priceOptions(option))).code, 'DAEMON_UNREACHABLE');
    const fault = await faultFrom(session.pricing.priceOptions(option, { requestId: 'r' } as object));
    assert.deepEqual(
      fault.violations.map(({ field }) => field),
      ['requestId'],
    );
  });
});
