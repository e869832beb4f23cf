// A daemon under an allowance: what operators say, what callers see, and what the log keeps.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { connect, Priority, StopReason, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { optionRequest } from '../support/option-request.js';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));

/** The last message of a stream. `onMessage` is called with each. */
async function last<Message>(messages: AsyncIterable<Message>, onMessage?: () => void): Promise<Message> {
  let latest: Message | undefined;
  for await (const message of messages) {
    latest = message;
    onMessage?.();
  }
  return latest!;
}

describe('policy', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket, retry: { attemptsMax: 1 } });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  const price = (priority: Priority, rows = 1000, signal?: AbortSignal) =>
    client.pricing.priceOptions(optionRequest(rows, { priority }), { timeoutMs: 5000, ...(signal && { signal }) });
  const acceld = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [program, '--socket', daemon.socket, ...args])).stdout;
  const lines = (message: string) =>
    daemon
      .output()
      .split('\n')
      .filter((line) => line.includes(`"msg":"${message}"`));

  it('shows that nothing is limited', async () => {
    const { policy, lanes } = await client.admin.getStatus();
    assert.deepEqual([policy?.bulkShare, policy?.mayLoad, policy?.reasons], [1, true, []]);
    assert.deepEqual(new Set(lanes.map(({ state }) => state)), new Set(['open']));
    assert.match(await acceld('status'), /allowance normal/);
  });

  it('holds BATCH below the rung that an operator sets, and lets it go on', async () => {
    assert.match(await acceld('policy', 'floor', 'no-batch'), /operator: uid:\d+ asked for no-batch/);
    const { receipt } = await price(Priority.PRIORITY_ORDER);
    assert.equal(receipt?.allowance, 'no-batch');
    const held = price(Priority.PRIORITY_BATCH);
    await eventually(async () => {
      const { lanes } = await client.admin.getStatus();
      assert.deepEqual([lanes[2]?.state, lanes[2]?.queued], ['held', 1]);
    });
    await acceld('policy', 'floor', 'normal');
    assert.equal((await held).receipt?.allowance, 'normal');
  });

  it('a held job obeys its deadline and its client', async () => {
    await acceld('policy', 'floor', 'no-batch');
    const controller = new AbortController();
    const cancelled = price(Priority.PRIORITY_BATCH, 1000, controller.signal);
    const late = assert.rejects(price(Priority.PRIORITY_BATCH), { code: 'DEADLINE_EXCEEDED' });
    await eventually(async () => assert.equal((await client.admin.getStatus()).lanes[2]?.queued, 2));
    controller.abort();
    await assert.rejects(cancelled, { code: 'CANCELLED' });
    await late;
    await eventually(async () => assert.equal((await client.admin.getStatus()).lanes[2]?.queued, 0));
    await acceld('policy', 'floor', 'normal');
  });

  it('ends a held simulation with its time budget: with what it has, or with a fault that names the hold', async () => {
    const simulate = (seconds: bigint, onMessage?: () => void) =>
      last(
        client.pricing.simulate(
          {
            ...{ type: 1, spot: 100, strike: 100, volatility: 0.2, yearsToExpiry: 1 },
            execution: { priority: Priority.PRIORITY_BATCH },
            payoff: { $case: 'asian', value: { averaging: 1, fixingYears: [0.5, 1] } },
            timeBudget: { seconds, nanos: 0 },
            reportInterval: { seconds: 0n, nanos: 10_000_000 },
          },
          { timeoutMs: 30_000 },
        ),
        onMessage,
      );
    let raised: Promise<string> | undefined;
    const { estimate, paths, stopReason } = await simulate(2n, () => {
      raised ??= acceld('policy', 'floor', 'no-batch');
    });
    await raised;
    assert.equal(stopReason, StopReason.STOP_REASON_ALLOWANCE);
    assert.ok(paths > 0 && Number.isFinite(estimate));
    await assert.rejects(simulate(1n), (error: Error & { code?: string; retryAfterMs?: number }) => {
      assert.deepEqual([error.code, error.retryAfterMs], ['ALLOWANCE_CLOSED', 5000]);
      assert.match(error.message, /BATCH work is held: uid:\d+ asked for no-batch/);
      return true;
    });
    await eventually(async () => {
      const { queued, running } = (await client.admin.getStatus()).lanes[2]!;
      assert.deepEqual([queued, running], [0, 0]);
    });
    await acceld('policy', 'floor', 'normal');
  });

  it('refuses everything but ORDER at the top, with the reason and the time to come again', async () => {
    await acceld('policy', 'floor', 'order-only');
    await assert.rejects(
      price(Priority.PRIORITY_INTERACTIVE),
      (error: Error & { code?: string; retryAfterMs?: number }) => {
        assert.deepEqual([error.code, error.retryAfterMs], ['ALLOWANCE_CLOSED', 5000]);
        assert.match(error.message, /no INTERACTIVE work is let in now: uid:\d+ asked for order-only/);
        return true;
      },
    );
    assert.ok(await price(Priority.PRIORITY_ORDER));
    await acceld('policy', 'floor', 'normal');
    assert.ok(await price(Priority.PRIORITY_INTERACTIVE));
  });

  it('mutes a voice, which is a line of the log with the name of its caller', async () => {
    assert.match(await acceld('policy', 'mute', 'load', '--for', '2h'), /load is muted for 2.0 h/);
    assert.doesNotMatch(await acceld('policy', 'unmute', 'load'), /muted/);
    await eventually(() => assert.equal(lines('voice unmuted').length, 1));
    assert.match(lines('voice muted')[0]!, /"caller":"uid:\d+"/);
    await assert.rejects(acceld('policy', 'mute', 'load', '--for', '25h'), /at most a day/);
  });

  it('each change of the allowance is a line of the log with its reason', () => {
    const changes = lines('allowance changed');
    assert.ok(changes.length >= 6);
    assert.match(changes[0]!, /"from":"normal","to":"no-batch".*asked for no-batch/);
  });
});
