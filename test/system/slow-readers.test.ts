// Clients of streams that read late or never: src/daemon/rpc/session-service.ts and src/daemon/rpc/rounds.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { after, afterEach, before, describe, it } from 'mocha';
import { OpenRequest } from '../../src/gen/acceld/v1/session_service.js';
import { SimulateRequest, SimulateResponse, StopReason } from '../../src/gen/acceld/v1/simulate.js';
import { catalog } from '../../src/gen/catalog.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { encoded, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { openSession, openStream } from '../support/raw-http2.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';
import { framed } from '../support/wire.js';

const sessionPath = '/acceld.v1.SessionService/Open';

/** The gRPC messages of a stream of bytes. */
function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let place = 0; place < bytes.length;) {
    const length = bytes.readUInt32BE(place + 1);
    messages.push(bytes.subarray(place + 5, place + 5 + length));
    place += 5 + length;
  }
  return messages;
}

describe('slow readers', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  let session: ClientHttp2Session | undefined;
  const open = async (path: string, windowBytes = 65_535): Promise<ClientHttp2Stream> => {
    session = openSession(daemon.socket);
    session.settings({ initialWindowSize: windowBytes });
    await once(session, 'localSettings');
    return openStream(session, path);
  };
  before(async () => {
    daemon = await startDaemon();
    client = new RawClient(daemon.socket);
    await assertServes(client);
  });
  afterEach(async () => {
    session?.destroy();
    await assertUnharmed(daemon, { connections: 1 });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  it('stops reading a session with 100,000 calls whose answers nobody reads, and answers all when they are', async () => {
    const calls = 100_000;
    const stream = await open(sessionPath);
    const before = (await statusOf(client)).residentBytes;
    const request = encoded();
    const send = async (): Promise<void> => {
      for (let id = 1; id <= calls; id += 1) {
        const call = { method: pricePath, request, timeout: undefined };
        const frame = OpenRequest.encode({ id: BigInt(id), action: { $case: 'call', value: call } }).finish();
        if (!stream.write(framed(frame))) await once(stream, 'drain');
      }
      stream.end();
    };
    const sent = send();
    // Requests would be 20 MB, answers 25 MB: far more than every window and buffer on the way holds.
    let grown = 0;
    for (let count = 0; count < 200; count += 1) {
      await assertServes(client);
      grown = (await statusOf(client)).residentBytes - before;
    }
    assert.ok(grown < 60e6, `grew ${grown} bytes`);
    assert.ok(!stream.writableFinished, 'the daemon reads on');
    const bytes: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) bytes.push(piece);
    await sent;
    assert.equal(messagesOf(Buffer.concat(bytes)).length, calls);
  });

  it('leaves out messages of a simulation that nobody reads, and never the last', async () => {
    const stream = await open(catalog.pricing.simulate.path, 200);
    const request = SimulateRequest.fromPartial({
      type: 1,
      spot: 100,
      strike: 100,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: { $case: 'european', value: {} },
      pathsMax: 2n ** 40n,
      timeBudget: { seconds: 2n, nanos: 0 },
      reportInterval: { seconds: 0n, nanos: 10_000_000 },
    });
    stream.end(framed(SimulateRequest.encode(request).finish()));
    await eventually(async () => {
      const { lanes } = await statusOf(client);
      assert.ok(lanes.some(({ running, queued }) => running + queued > 0));
    });
    await eventually(async () => {
      const { lanes } = await statusOf(client);
      assert.ok(lanes.every(({ running, queued }) => running + queued === 0));
    }, 10_000);
    const bytes: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) bytes.push(piece);
    const messages = messagesOf(Buffer.concat(bytes)).map((message) => SimulateResponse.decode(message));
    // A message every 10 ms would be 200 of them; the window holds two, grpc-js sixteen.
    assert.ok(messages.length < 60, `${messages.length} messages`);
    const last = messages.at(-1)!;
    assert.equal(last.stopReason, StopReason.STOP_REASON_TIME_BUDGET);
    assert.ok(last.receipt);
    const paths = messages.map((message) => message.paths);
    assert.deepEqual(
      paths,
      [...paths].sort((a, b) => a - b),
    );
  });
});
