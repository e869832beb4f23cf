// The real daemon behind src/daemon/rpc/server.ts and src/daemon/rpc/interceptor.ts.
// Messages and streams that break the transport's rules.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, type ClientHttp2Session } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { status as statuses } from '@grpc/grpc-js';
import * as limits from '../../src/daemon/base/limits.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { encoded, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { endOf, openSession, openSocket, openStream } from '../support/raw-http2.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';
import { framed } from '../support/wire.js';

describe('transport', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  const sessions: ClientHttp2Session[] = [];
  const open = (): ClientHttp2Session => {
    sessions.push(openSession(daemon.socket));
    return sessions.at(-1)!;
  };
  before(async () => {
    daemon = await startDaemon();
    client = new RawClient(daemon.socket);
    await assertServes(client);
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    await assertUnharmed(daemon, { connections: 1 });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  const residentBytes = async () => (await statusOf(client)).residentBytes;

  /** Sends pieces on a stream of its own and tells how it ended and what the daemon's memory grew by. */
  async function send(headers: Readonly<Record<string, string>>, pieces: readonly Uint8Array[]) {
    const before = await residentBytes();
    const session = open();
    const stream = openStream(session, pricePath, headers);
    const ended = endOf(stream);
    for (const piece of pieces) stream.write(piece);
    const ending = await ended;
    const grownBytes = (await residentBytes()) - before;
    return { ...ending, grownBytes };
  }

  it('tells its windows and header limit in its first frame', async () => {
    const session = open();
    const [settings] = (await once(session, 'remoteSettings')) as [Record<string, number>];
    assert.equal(settings['initialWindowSize'], limits.windowBytes);
    assert.equal(settings['maxHeaderListSize'], limits.headerBytesMax);
    assert.equal(settings['maxConcurrentStreams'], limits.streamsPerConnectionMax);
    // The connection's own window comes in a frame of its own.
    await eventually(() => assert.equal(session.state.remoteWindowSize, limits.windowBytes));
  });

  it('accepts the largest message and refuses one byte more', async () => {
    const filler = (bytes: number) => Buffer.concat([encoded(), Buffer.alloc(bytes - encoded().length, 0)]);
    // Field number 0 is malformed: the message was read and judged, not refused for its size.
    const largest = await client.call(pricePath, filler(limits.messageBytesMax));
    assert.equal(largest.info?.reason, 'INVALID_INPUT');
    const larger = await client.call(pricePath, filler(limits.messageBytesMax + 1));
    assert.equal(larger.status, 'RESOURCE_EXHAUSTED');
  });

  it('refuses a message of 4 GiB by its header, before its bytes', async () => {
    const { status, grownBytes } = await send({}, [framed(encoded(), { length: 2 ** 32 - 1 })]);
    assert.equal(status, statuses.RESOURCE_EXHAUSTED);
    assert.ok(grownBytes < 8e6, `grew ${grownBytes} bytes`);
  });

  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const) {
    it(`refuses ${encoding} without inflating it: 200 MB in 200 KB`, async () => {
      const bomb = compress(Buffer.alloc(200e6));
      const { status, grownBytes } = await send({ 'grpc-encoding': encoding }, [framed(bomb, { compressed: true })]);
      assert.equal(status, statuses.UNIMPLEMENTED);
      assert.ok(grownBytes < 8e6, `grew ${grownBytes} bytes`);
    });

    it(`tells a client that compresses by ${encoding}`, async () => {
      const compressing = new RawClient(daemon.socket, encoding);
      const answer = await compressing.call(pricePath, encoded());
      compressing.close();
      assert.equal(answer.status, 'UNIMPLEMENTED');
      assert.equal(answer.info?.reason, 'COMPRESSION_REFUSED');
      assert.match(answer.message, new RegExp(encoding));
    });
  }

  it('refuses an encoding nobody knows', async () => {
    const { status } = await send({ 'grpc-encoding': 'x'.repeat(1000) }, [framed(encoded())]);
    assert.equal(status, statuses.UNIMPLEMENTED);
  });

  it('takes a compressed message without an encoding for bytes that are no message', async () => {
    const stream = openStream(open(), pricePath);
    stream.end(framed(gzipSync(encoded()), { compressed: true }));
    assert.equal((await endOf(stream)).status, statuses.INVALID_ARGUMENT);
  });

  it('refuses two messages in a unary call, and none', async () => {
    const session = open();
    for (const pieces of [[framed(encoded()), framed(encoded())], []]) {
      const stream = openStream(session, pricePath);
      const ended = endOf(stream);
      stream.end(Buffer.concat(pieces));
      assert.equal((await ended).status, statuses.UNIMPLEMENTED);
    }
  });

  it('knows no other method, no other service and no path that is none', async () => {
    const paths = [
      '/acceld.v1.PricingService/Nothing',
      '/acceld.v1.Nothing/PriceOptions',
      '/__proto__/constructor',
      '/',
    ];
    for (const path of paths) {
      assert.equal((await client.call(path, encoded())).status, 'UNIMPLEMENTED', path);
    }
  });

  it('answers what is not gRPC with the status of HTTP', async () => {
    const session = open();
    const stream = openStream(session, pricePath, { 'content-type': 'application/json' });
    const ended = endOf(stream);
    stream.end('{}');
    assert.equal((await ended).http, 415);
  });

  it('refuses a time limit that it cannot read', async () => {
    for (const timeout of ['soon', '1', 'S']) {
      const { status } = await send({ 'grpc-timeout': timeout }, [framed(encoded())]);
      assert.equal(status, statuses.INTERNAL, timeout);
    }
  });

  it('resets a stream whose headers are above its limit', async () => {
    const session = open();
    // The limit holds once the client has confirmed it.
    await once(session, 'remoteSettings');
    await assertServes(client);
    const stream = openStream(session, pricePath, { filler: 'x'.repeat(40_000) });
    stream.end(framed(encoded()));
    assert.deepEqual(await endOf(stream), { status: NaN, http: 0, bytes: 0 });
    assert.equal(stream.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('closes a connection that does not speak HTTP/2', async () => {
    const openings = [
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      '\0'.repeat(100),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff'.repeat(9),
    ];
    for (const opening of openings) {
      const socket = await openSocket(daemon.socket);
      socket.resume();
      socket.write(opening, 'latin1');
      await once(socket, 'close');
    }
  });

  it('keeps nothing of a stream whose client vanished in the middle of its message', async () => {
    const session = open();
    for (let count = 0; count < 50; count += 1)
      openStream(session, pricePath).write(framed(encoded(), { length: 4e6 }));
    await assertServes(client);
    session.destroy();
    await eventually(async () => assert.equal((await statusOf(client)).connections, 1));
  });
});
