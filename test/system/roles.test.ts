// What a caller without the right may do: src/daemon/rpc/call.ts behind the TCP listener.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { connect, Fault, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

describe('roles', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon({ args: ['--tcp-port', '0'], config: 'runtime: { allow_eol: true }' });
    client = connect({ address: `127.0.0.1:${daemon.tcpPort}` });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  it('refuses the methods of operators to callers of TCP, alone and in a session, and serves the others', async () => {
    const isRefused = (error: unknown): boolean =>
      error instanceof Fault && error.code === 'NOT_ALLOWED' && !error.retryable;
    await assert.rejects(client.admin.getStatus({}), isRefused);
    const session = client.session();
    await assert.rejects(session.admin.getStatus({}), isRefused);
    const request = {
      model: 1,
      type: Uint8Array.of(1),
      spot: 100,
      strike: 100,
      rate: 0.05,
      volatility: 0.2,
      yearsToExpiry: 1,
    };
    const { price } = await session.pricing.priceOptions(request);
    assert.ok(Math.abs(price![0]! - 10.450583572185565) < 1e-12);
    await session.close();
    const own = connect({ socket: daemon.socket });
    assert.equal((await own.admin.getStatus({})).pid, daemon.pid);
    own.close();
  });
});
