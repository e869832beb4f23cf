import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { StartFailure } from '../../../src/daemon/base/start-failure.js';
import { Console } from '../../../src/daemon/console/http.js';

describe('console', () => {
  let console: Console;
  let isReady = true;
  const sources = {
    metrics: () => Promise.resolve('a_metric 1\n'),
    metricsType: 'text/plain; version=0.0.4',
    ready: () => isReady,
  };
  before(async () => {
    console = await Console.open(0, sources);
  });
  after(() => console.close());

  async function get(path: string, { method = 'GET', headers = {} } = {}) {
    const call = request({ port: console.port, host: '127.0.0.1', path, method, headers });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    let body = '';
    for await (const piece of response) body += String(piece);
    return { status: response.statusCode, headers: response.headers, body };
  }

  it('serves health and metrics', async () => {
    assert.deepEqual((await get('/healthz')).body, 'ok\n');
    assert.deepEqual((await get('/readyz')).status, 200);
    isReady = false;
    assert.deepEqual((await get('/readyz')).status, 503);
    const metrics = await get('/metrics');
    assert.equal(metrics.body, 'a_metric 1\n');
    assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4');
    assert.equal(metrics.headers['x-content-type-options'], 'nosniff');
    assert.equal(metrics.headers['access-control-allow-origin'], undefined);
  });

  it('has nothing else', async () => {
    for (const path of ['/', '/metrics/', '/..', '/metrics?x=1', '/__proto__'])
      assert.equal((await get(path)).status, 404, path);
    assert.equal((await get('/metrics', { method: 'POST' })).status, 405);
    assert.equal((await get('/healthz', { method: 'HEAD' })).body, '');
  });

  it('refuses rebinding and web pages', async () => {
    assert.equal((await get('/metrics', { headers: { host: 'evil.test' } })).status, 421);
    assert.equal((await get('/metrics', { headers: { host: '127.0.0.1.evil.test' } })).status, 421);
    assert.equal((await get('/metrics', { headers: { origin: 'http://evil.test' } })).status, 403);
    assert.equal((await get('/metrics', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    assert.equal((await get('/metrics', { headers: { host: `localhost:${console.port}` } })).status, 200);
  });

  it('survives garbage', async () => {
    const socket = connect(console.port, '127.0.0.1');
    socket.write('\x00\xff garbage\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    assert.equal((await get('/healthz')).status, 200);
  });

  it('says so when the port is taken', async () => {
    await assert.rejects(
      Console.open(console.port, sources),
      (error) => error instanceof StartFailure && error.exitCode === 71,
    );
  });
});
