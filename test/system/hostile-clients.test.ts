// Clients that stall, vanish, flood or never read: the daemon stays small, forgets them, and serves the others.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Priority } from '../../src/gen/acceld/v1/execution.js';
import { connectionsMax } from '../../src/daemon/base/limits.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { encoded, heavy, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { openSession, openSocket, openStream } from '../support/raw-http2.js';
import { slowDaemon } from '../support/slow.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';
import { field, framed } from '../support/wire.js';

const batchClient = fileURLToPath(new URL('../support/batch-client.ts', import.meta.url));

describe('hostile clients', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  const sessions: ClientHttp2Session[] = [];
  const sockets: Socket[] = [];
  const open = (): ClientHttp2Session => {
    sessions.push(openSession(daemon.socket));
    return sessions.at(-1)!;
  };
  before(async () => {
    daemon = await startDaemon(slowDaemon);
    client = new RawClient(daemon.socket);
    await assertServes(client);
  });
  afterEach(async () => {
    for (const end of [...sessions.splice(0), ...sockets.splice(0)]) end.destroy();
    await assertUnharmed(daemon, { connections: 1 });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  const residentBytes = async () => (await statusOf(client)).residentBytes;
  const queued = async () => (await statusOf(client)).caller!.queued;

  it('stops the work of a client that was killed', async () => {
    const child = spawn(process.execPath, ['--import=tsx', batchClient, daemon.socket, '120'], { stdio: 'ignore' });
    await eventually(async () => assert.ok((await queued()) > 60), 20_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually(async () => assert.equal(await queued(), 0), 1_000);
    await eventually(async () => assert.match(await metrics(), /outcome="CANCELLED"\} [1-9]/));
  });

  const metrics = async () => (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();

  it('keeps no more than the replies of the open streams of a client that reads none, and serves the others', async () => {
    const session = open();
    await once(session, 'remoteSettings');
    const before = await residentBytes();
    const request = framed(heavy(Priority.PRIORITY_INTERACTIVE, 10_000));
    const streams = Array.from({ length: 128 }, () => openStream(session, pricePath));
    for (const stream of streams) stream.end(request);
    // Nobody reads: every stream's window of 64 KB fills, and its reply of 720 KB stays with the daemon.
    await eventually(async () => {
      const { lanes, caller } = await statusOf(client);
      assert.ok(lanes.every((lane) => lane.queued === 0 && lane.running === 0));
      assert.equal(caller?.requestsInFlight, streams.length);
      assert.ok(caller.bytesInFlight > streams.length * 720e3, `${caller.bytesInFlight} bytes are charged`);
    }, 20_000);
    await assertServes(client);
    const grown = (await residentBytes()) - before;
    // Each reply once, half as much again for the copies on its way, and semi-spaces that may fill meanwhile.
    assert.ok(grown < 1.5 * streams.length * 720e3 + 150e6, `grew ${grown} bytes`);
  });

  it('charges replies that nobody reads, whatever the number of connections, until they are gone', async () => {
    const request = framed(heavy(Priority.PRIORITY_INTERACTIVE, 10_000));
    const before = await residentBytes();
    for (let connection = 0; connection < 6; connection += 1) {
      const session = open();
      await once(session, 'remoteSettings');
      for (let stream = 0; stream < 128; stream += 1) openStream(session, pricePath).end(request);
    }
    // 768 of them with their requests would be 860 MB; the caller's limit is 256 MiB.
    await eventually(async () => assert.match(await metrics(), /outcome="BYTES_EXCEEDED"\} [1-9]/), 20_000);
    const grown = (await residentBytes()) - before;
    assert.ok(grown < 1.5 * 268e6 + 150e6, `grew ${grown} bytes`);
  });

  it('stops reading questions of a client that reads no answer of the reflection service', async () => {
    const session = open();
    await once(session, 'remoteSettings');
    const before = await residentBytes();
    const stream = openStream(session, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const question = framed(field(4, 'acceld.v1.PricingService'));
    // 20,000 answers of about 15 KB would be 300 MB.
    const questions = Buffer.concat(Array<Buffer>(20_000).fill(question));
    stream.write(questions);
    for (let count = 0; count < 200; count += 1) await assertServes(client);
    const grown = (await residentBytes()) - before;
    assert.ok(grown < 100e6, `grew ${grown} bytes`);
  });

  it('outlives rapid reset', async () => {
    for (let round = 0; round < 10; round += 1) {
      const session = open();
      session.on('goaway', () => session.destroy());
      for (let count = 0; count < 1_000 && !session.destroyed; count += 1) {
        const stream = openStream(session, pricePath);
        stream.end(framed(encoded()));
        stream.close(constants.NGHTTP2_CANCEL);
      }
      await assertServes(client);
      session.destroy();
    }
  });

  it('closes connections above its limit at once, and takes new ones when some have gone', async () => {
    for (let count = 0; count < connectionsMax + 50; count += 1) {
      // While the queue of connections that wait to be accepted is full, the system lets nobody in.
      await eventually(async () => void sockets.push(await openSocket(daemon.socket)));
    }
    await assertServes(client);
    await eventually(async () => assert.equal((await statusOf(client)).connections, connectionsMax));
    assert.match(daemon.output(), /connections are open/);
    const late = await openSocket(daemon.socket);
    await once(late.resume(), 'close');
    assert.match(await metrics(), /acceld_connections_refused_total [1-9]/);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('forgets half of a call: headers without a message, and a message without its end', async () => {
    const session = open();
    for (let count = 0; count < 40; count += 1) {
      openStream(session, pricePath);
      openStream(session, pricePath).write(framed(encoded()));
    }
    await assertServes(client);
    assert.equal((await statusOf(client)).caller!.requestsInFlight, 0);
  });
});
