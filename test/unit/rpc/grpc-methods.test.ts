import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { FailedCall, type Incoming } from '../../../src/daemon/rpc/call.js';
import { addMethods } from '../../../src/daemon/rpc/grpc-methods.js';
import { Identity } from '../../../src/daemon/rpc/identity.js';
import type { ClientStreamMethod, StreamMethod, UnaryMethod } from '../../../src/daemon/rpc/methods.js';
import { eventually } from '../../support/eventually.js';
import { RawClient } from '../../support/raw-client.js';

const unaryPath = '/test.Service/Unary';
const streamPath = '/test.Service/Stream';
const clientStreamPath = '/test.Service/ClientStream';
const message = Uint8Array.of(1, 2, 3);

describe('grpc methods', () => {
  let directory: string;
  let listener: NetServer;
  let server: Server;
  let client: RawClient;
  let isKnown = true;
  let unary: UnaryMethod;
  let stream: StreamMethod;
  let clientStream: ClientStreamMethod;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'acceld-methods-'));
    server = new Server();
    const identity = new Identity(loadHostAddon(), () => undefined);
    const methods = {
      unary: new Map<string, UnaryMethod>([[unaryPath, (incoming) => unary(incoming)]]),
      stream: new Map<string, StreamMethod>([[streamPath, (...args) => stream(...args)]]),
      clientStream: new Map<string, ClientStreamMethod>([[clientStreamPath, (...args) => clientStream(...args)]]),
    };
    addMethods(server, methods, identity);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    listener = createServer((socket) => {
      if (isKnown) identity.admitUnix(socket);
      injector.injectConnection(socket);
    }).listen(join(directory, 's'));
    await once(listener, 'listening');
    client = new RawClient(join(directory, 's'));
  });
  afterEach(() => {
    isKnown = true;
    client.close();
    listener.close();
    server.forceShutdown();
    rmSync(directory, { recursive: true });
  });

  it('hands over bytes, caller, request id and deadline', async () => {
    let seen: Incoming | undefined;
    unary = async (incoming) => {
      seen = incoming;
      return Uint8Array.of(9);
    };
    const before = Date.now();
    const answer = await client.call(unaryPath, message, { deadlineMs: 5_000, headers: { 'x-request-id': 'mine' } });
    assert.equal(answer.status, 'OK');
    assert.deepEqual([...answer.bytes], [9]);
    assert.deepEqual([...seen!.bytes], [...message]);
    assert.equal(seen!.requestId, 'mine');
    assert.equal(seen!.caller.name, `uid:${process.geteuid!()}`);
    assert.ok(seen!.deadlineMs > before + 4_000 && seen!.deadlineMs <= Date.now() + 5_000);
  });

  it('turns a failed call into its status', async () => {
    unary = async () => {
      throw new FailedCall(new Fault('QUEUE_FULL', 'too many'), 'mine');
    };
    const answer = await client.call(unaryPath, message);
    assert.deepEqual(
      [answer.status, answer.info?.reason, answer.requestId],
      ['RESOURCE_EXHAUSTED', 'QUEUE_FULL', 'mine'],
    );
  });

  it('tells nobody what a bug says', async () => {
    unary = async () => Promise.reject(new Error('a secret'));
    const answer = await client.call(unaryPath, message);
    assert.equal(answer.status, 'INTERNAL');
    assert.doesNotMatch(answer.message, /secret/);
  });

  it('answers a fault that cannot be encoded as our bug, and says which', async () => {
    const fault = new Fault('QUEUE_FULL', 'too many', { retryAfterMs: Number.NaN });
    const bugs: unknown[] = [];
    const failed = new FailedCall(fault, 'mine', (bug) => bugs.push(bug));
    const fail = async (): Promise<never> => {
      throw failed;
    };
    [unary, stream, clientStream] = [fail, fail, fail];
    for (const path of [unaryPath, streamPath, clientStreamPath]) {
      const answer = await client.call(path, message);
      assert.deepEqual([answer.status, answer.requestId], ['INTERNAL', 'mine']);
    }
    assert.equal(bugs.length, 3);
    assert.ok(bugs.every((bug) => bug instanceof RangeError));
  });

  it('aborts the signal when the client cancels', async () => {
    const cancelling = new AbortController();
    let aborted: Promise<unknown> | undefined;
    unary = async ({ cancellation }) => {
      aborted = once(cancellation(), 'abort');
      cancelling.abort();
      await aborted;
      return message;
    };
    assert.equal((await client.call(unaryPath, message, { signal: cancelling.signal })).status, 'CANCELLED');
    assert.ok(aborted);
    await aborted;
  });

  it('refuses a call whose connection nobody knows', async () => {
    isKnown = false;
    unary = async () => assert.fail('it was called');
    const answer = await client.call(unaryPath, message);
    assert.deepEqual([answer.status, answer.info?.reason], ['UNAUTHENTICATED', 'CALLER_UNKNOWN']);
  });

  it('streams messages and ends, or ends with a status', async () => {
    const received: number[] = [];
    stream = async (_incoming, send) => {
      send(Uint8Array.of(1), false);
      send(Uint8Array.of(2), true);
    };
    const onReply = (reply: Buffer): void => void received.push(...reply);
    assert.equal(await client.watch(streamPath, message, onReply).ended, 'OK');
    stream = async () => {
      throw new FailedCall(new Fault('DRAINING', 'stopping'), 'mine');
    };
    assert.equal(await client.watch(streamPath, message, onReply).ended, 'UNAVAILABLE');
    assert.deepEqual(received, [1, 2]);
  });

  it('hands over every message of a client stream, the first with the call', async () => {
    clientStream = async ({ bytes }, rest) => {
      const seen = [...bytes];
      for await (const message of rest) seen.push(...message);
      return Uint8Array.from(seen);
    };
    const answer = await client.send(clientStreamPath, [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4)]);
    assert.deepEqual([answer.status, [...answer.bytes]], ['OK', [1, 2, 3, 4]]);
    assert.deepEqual([...(await client.send(clientStreamPath, [])).bytes], []);
  });

  it('answers a client stream that fails before its client has sent everything', async () => {
    clientStream = async (_incoming, rest) => {
      for await (const _message of rest) throw new FailedCall(new Fault('QUEUE_FULL', 'full'), 'r');
      return new Uint8Array();
    };
    const answer = await client.send(
      clientStreamPath,
      Array.from({ length: 50 }, () => new Uint8Array(100_000)),
    );
    assert.deepEqual([answer.status, answer.info?.reason], ['RESOURCE_EXHAUSTED', 'QUEUE_FULL']);
  });

  it('ends a client stream whose client leaves', async () => {
    let isOver = false;
    clientStream = async (_incoming, rest) => {
      try {
        for await (const message of rest) assert.ok(message);
      } catch (error) {
        throw new FailedCall(error as Fault, 'r');
      } finally {
        isOver = true;
      }
      return new Uint8Array();
    };
    const controller = new AbortController();
    const sending = client.send(clientStreamPath, [Uint8Array.of(1)], { keepOpen: true, signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    assert.equal((await sending).status, 'CANCELLED');
    await eventually(() => assert.ok(isOver));
  });

  it('waits for a client that does not keep up', async () => {
    const piece = new Uint8Array(1_000_000);
    let waited = 0;
    stream = async (_incoming, send, drained) => {
      for (let index = 0; index < 20; index += 1) {
        if (send(piece, index === 19)) continue;
        waited += 1;
        await drained();
      }
    };
    let bytes = 0;
    const { ended } = client.watch(streamPath, message, (reply) => (bytes += reply.length));
    assert.equal(await ended, 'OK');
    assert.equal(bytes, 20_000_000);
    assert.ok(waited > 0, 'twenty megabytes fitted into the buffers');
  });
});
