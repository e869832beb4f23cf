import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { connect, Fault, type Client } from '../../../src/client/index.js';
import { SimulateResponse } from '../../../src/gen/acceld/v1/simulate.js';
import { daemonFault, receipt, serve, type StreamCall, type TestServer } from './server.js';

const progress = (paths: number, isLast = false): SimulateResponse =>
  SimulateResponse.fromPartial({ paths, estimate: 1 / paths, receipt: isLast ? receipt() : undefined });

const neverPriced = () => Promise.reject(new Error('no unary call is made here'));

describe('client: streams', () => {
  let server: TestServer;
  let client: Client;
  const start = async (simulate: (call: StreamCall) => void) => {
    server = await serve(neverPriced, { simulate });
    client = connect({ socket: server.socket });
  };
  afterEach(() => {
    client.close();
    server.close();
  });

  const collect = async (stream: AsyncIterable<{ readonly paths: number }>) => {
    const paths: number[] = [];
    const fault = await (async () => {
      for await (const message of stream) paths.push(message.paths);
    })().catch((error: unknown) => (assert.ok(error instanceof Fault, String(error)), error));
    return { paths, code: fault?.code, fault };
  };
  const sendAndFail = (call: StreamCall, messages: number, error: object) => {
    for (let paths = 1; paths <= messages; paths += 1) call.write(progress(paths));
    call.emit('error', error);
  };

  it('gives every message in order, the last with a receipt', async () => {
    await start((call) => {
      call.write(progress(1));
      call.write(progress(2, true));
      call.end();
    });
    const messages = [];
    for await (const message of client.pricing.simulate()) messages.push(message);
    assert.deepEqual(
      messages.map(({ paths, receipt: found }) => [paths, found?.engine]),
      [
        [1, undefined],
        [2, 'own'],
      ],
    );
  });

  it('ends the call when the loop is left', async () => {
    let sawCancelled: () => void;
    const cancelled = new Promise<void>((resolve) => (sawCancelled = resolve));
    await start((call) => {
      call.write(progress(1));
      call.once('cancelled', sawCancelled);
    });
    for await (const { paths } of client.pricing.simulate()) {
      assert.equal(paths, 1);
      break;
    }
    await cancelled;
  });

  it('ends with the signal, with its reason, and gives nothing more', async () => {
    await start((call) => {
      for (let paths = 1; paths <= 10; paths += 1) call.write(progress(paths));
    });
    const controller = new AbortController();
    const paths: number[] = [];
    await assert.rejects(
      async () => {
        for await (const message of client.pricing.simulate({}, { signal: controller.signal })) {
          paths.push(message.paths);
          if (message.paths === 2) controller.abort('enough');
        }
      },
      { name: 'Fault', code: 'CANCELLED', cause: 'enough' },
    );
    assert.deepEqual(paths, [1, 2]);
  });

  it('ends at the deadline', async () => {
    await start((call) => void call.write(progress(1)));
    const { paths, code } = await collect(client.pricing.simulate({}, { timeoutMs: 100 }));
    assert.deepEqual({ paths, code }, { paths: [1], code: 'DEADLINE_EXCEEDED' });
  });

  it('is made again before its first message, and never after it', async () => {
    let calls = 0;
    const busy = daemonFault({ code: 'QUEUE_FULL', retryable: true });
    await start((call) => {
      calls += 1;
      sendAndFail(call, calls === 1 ? 0 : 2, busy);
    });
    const { paths, code } = await collect(client.pricing.simulate());
    assert.deepEqual({ paths, code, calls }, { paths: [1, 2], code: 'QUEUE_FULL', calls: 2 });
  });

  it('tells the fault of the daemon, and a lost connection', async () => {
    await start((call) => {
      if (call.metadata.get('x-request-id')[0] !== 'lost')
        sendAndFail(call, 0, daemonFault({ code: 'INVALID_INPUT', grpcStatus: status.INVALID_ARGUMENT }));
      else call.write(progress(1), () => setTimeout(() => server.kill(), 20));
    });
    assert.equal((await collect(client.pricing.simulate())).fault?.requestId, 'id-7');
    const lost = await collect(client.pricing.simulate({}, { requestId: 'lost' }));
    assert.deepEqual([lost.paths, lost.code], [[1], 'CONNECTION_LOST']);
  });

  it('refuses an answer without a receipt, and one without a message', async () => {
    let calls = 0;
    await start((call) => {
      calls += 1;
      if (calls === 1) call.write(progress(1));
      call.end();
    });
    assert.deepEqual((await collect(client.pricing.simulate())).code, 'REPLY_INVALID');
    assert.deepEqual((await collect(client.pricing.simulate())).code, 'REPLY_INVALID');
  });

  it('lets the sender wait for a reader that does not take the messages', async () => {
    let sent = 0;
    let held: () => void;
    const isHeld = new Promise<void>((resolve) => (held = resolve));
    const messages = 20_000;
    await start((call) => {
      const send = async () => {
        while (sent < messages) {
          sent += 1;
          if (call.write(progress(sent, sent === messages))) continue;
          const drained = once(call, 'drain');
          const waited = await Promise.race([drained, new Promise((later) => setTimeout(later, 300, 'held'))]);
          if (waited === 'held') held();
          await drained;
        }
        call.end();
      };
      void send();
    });
    let read = 0;
    for await (const { paths } of client.pricing.simulate()) {
      read += 1;
      assert.equal(paths, read);
      if (read > 1) continue;
      await isHeld;
      assert.ok(sent < messages, `all ${sent} were taken`);
    }
    assert.equal(read, messages);
  });

  it('closes with the client', async () => {
    await start((call) => void call.write(progress(1)));
    const paths: number[] = [];
    await assert.rejects(
      async () => {
        for await (const message of client.pricing.simulate()) {
          paths.push(message.paths);
          client.close();
        }
      },
      { code: 'CLIENT_CLOSED' },
    );
    assert.deepEqual(paths, [1]);
  });
});
