import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { headerBytesMax, windowBytes } from '../../../src/daemon/base/limits.js';
import { tune } from '../../../src/daemon/rpc/tuning.js';
import { eventually } from '../../support/eventually.js';
import { openSession, openSocket } from '../../support/raw-http2.js';

/** Node's defaults, which grpc-js keeps. */
const defaults = { initialWindowSize: 65_535, connectionWindow: 65_535 };

describe('tuning', () => {
  let directory: string;
  let listener: NetServer;
  let session: ClientHttp2Session;

  /** What a client learns from the first frames of a server. */
  async function settingsOf(server: Server): Promise<Record<string, unknown>> {
    directory = mkdtempSync(join(tmpdir(), 'acceld-tuning-'));
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    listener = createServer((socket) => injector.injectConnection(socket)).listen(join(directory, 's'));
    await once(listener, 'listening');
    session = openSession(join(directory, 's'));
    const [settings] = (await once(session, 'remoteSettings')) as [Record<string, unknown>];
    return settings;
  }
  afterEach(() => {
    session.destroy();
    listener.close();
    rmSync(directory, { recursive: true });
  });

  it('raises the windows of streams and connections and lowers the limit of headers', async () => {
    const server = new Server();
    tune(server);
    const settings = await settingsOf(server);
    assert.equal(settings['initialWindowSize'], windowBytes);
    assert.equal(settings['maxHeaderListSize'], headerBytesMax);
    // The connection's window comes in a frame of its own.
    await eventually(() => assert.equal(session.state.remoteWindowSize, windowBytes));
  });

  it('closes a connection that a broken frame ended, also where the client stays', async () => {
    const server = new Server();
    tune(server);
    await settingsOf(server);
    const socket = await openSocket(join(directory, 's'));
    const settingsOfOneByte = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0, 0, 0);
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settingsOfOneByte]));
    await once(socket.resume(), 'close');
    assert.equal(session.destroyed, false, 'an honest session stays');
  });

  it('is what does it: grpc-js alone keeps the defaults', async () => {
    const settings = await settingsOf(new Server());
    assert.equal(settings['initialWindowSize'] ?? defaults.initialWindowSize, defaults.initialWindowSize);
    assert.equal(session.state.remoteWindowSize, defaults.connectionWindow);
  });

  it('keeps the settings that grpc-js makes from its own options', async () => {
    const server = new Server({ 'grpc.max_concurrent_streams': 7 });
    tune(server);
    assert.equal((await settingsOf(server))['maxConcurrentStreams'], 7);
  });
});
