import assert from 'node:assert/strict';
import { GetStatusResponse } from '../../src/gen/acceld/v1/admin_service.js';
import { PriceOptionsResponse } from '../../src/gen/acceld/v1/price_options.js';
import type { RunningDaemon } from './daemon.js';
import { eventually } from './eventually.js';
import { atTheMoneyPrice, encoded, numbers, pricePath, statusPath } from './pricing.js';
import { RawClient } from './raw-client.js';

export async function statusOf(client: RawClient): Promise<GetStatusResponse> {
  const answer = await client.call(statusPath, new Uint8Array());
  assert.equal(answer.status, 'OK', answer.message);
  return GetStatusResponse.decode(answer.bytes);
}

/** The daemon prices for this client, and rightly. */
export async function assertServes(client: RawClient): Promise<void> {
  const answer = await client.call(pricePath, encoded());
  assert.equal(answer.status, 'OK', `${answer.status}: ${answer.message}`);
  const [price] = numbers(PriceOptionsResponse.decode(answer.bytes).price);
  assert.ok(Math.abs(price! - atTheMoneyPrice) < 1e-12, `priced ${price}`);
}

/**
 * What must hold after every hostile act: the daemon lives, serves a healthy caller, holds no ticket, no job and no
 * connection of the offender's, and met no bug. `connections` are those that the test itself keeps open.
 */
export async function assertUnharmed(daemon: RunningDaemon, { connections = 0 } = {}): Promise<void> {
  const healthy = new RawClient(daemon.socket);
  try {
    await assertServes(healthy);
    await eventually(async () => {
      const { caller, lanes, pid, connections: open } = await statusOf(healthy);
      assert.equal(pid, daemon.pid);
      const held = { requests: caller?.requestsInFlight, bytes: caller?.bytesInFlight, queued: caller?.queued };
      assert.deepEqual(held, { requests: 0, bytes: 0, queued: 0 });
      assert.ok(
        lanes.every(({ queued, running }) => queued === 0 && running === 0),
        JSON.stringify(lanes),
      );
      assert.equal(open, connections + 1, 'connections');
    });
    assert.doesNotMatch(daemon.output(), /"msg":"bug"|"outcome":"INTERNAL"/);
  } finally {
    healthy.close();
  }
}
