// Deadlines, cancellation, and the end of the daemon: nothing that was accepted is lost, nothing unwanted goes on.
// The health service (src/daemon/rpc/health.ts) is tested here, because it tells of that end.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { Priority } from '../../src/gen/acceld/v1/execution.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { assertFinite, encoded, pricePath } from '../support/pricing.js';
import { RawClient, type Answer } from '../support/raw-client.js';
import { slow, slowDaemon } from '../support/slow.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';
import { field } from '../support/wire.js';

const checkPath = '/grpc.health.v1.Health/Check';
const watchPath = '/grpc.health.v1.Health/Watch';
/** HealthCheckResponse: field 1, SERVING or NOT_SERVING. */
const serving = '0801';
const notServing = '0802';
const services = ['', 'acceld.v1.PricingService', 'acceld.v1.AdminService'];
const bulkCalls = 60;
const startBulk = (client: RawClient): Promise<Answer>[] =>
  Array.from({ length: bulkCalls }, () => client.call(pricePath, slow()));

describe('lifecycle: deadlines and cancellation', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  let bulk: Promise<Answer>[];
  before(async () => {
    daemon = await startDaemon(slowDaemon);
    client = new RawClient(daemon.socket);
    await assertServes(client);
  });
  /** Each case finds a queue of bulk work that keeps the device busy for some hundred milliseconds. */
  beforeEach(async () => {
    bulk = startBulk(client);
    await eventually(async () => assert.ok((await statusOf(client)).caller!.queued > bulkCalls / 2));
  });
  afterEach(async () => {
    for (const answer of await Promise.all(bulk)) assert.equal(answer.status, 'OK', answer.message);
    await assertUnharmed(daemon, { connections: 1 });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  it('ends queued work at its deadline', async () => {
    // Behind all of the bulk work, whatever its deadline.
    const request = slow(Priority.PRIORITY_BACKGROUND);
    const calls = Array.from({ length: 10 }, () => client.call(pricePath, request, { deadlineMs: 200 }));
    const answers = await Promise.all(calls);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(['DEADLINE_EXCEEDED']));
    await eventually(() => assert.match(daemon.output(), /"outcome":"DEADLINE_EXCEEDED"/));
  });

  it('answers a deadline of 1 ms on queued work with nothing but that', async () => {
    const answer = await client.call(pricePath, slow(), { deadlineMs: 1 });
    assert.equal(answer.status, 'DEADLINE_EXCEEDED');
  });

  it('removes queued and running work that is cancelled', async () => {
    const cancelling = new AbortController();
    // Ahead of the bulk work in the same device: some of it runs when it is cancelled.
    const request = slow(Priority.PRIORITY_INTERACTIVE);
    const answers = Array.from({ length: 20 }, () => client.call(pricePath, request, { signal: cancelling.signal }));
    await eventually(async () => {
      const lane = (await statusOf(client)).lanes.find(({ priority }) => priority === Priority.PRIORITY_INTERACTIVE)!;
      assert.ok(lane.running > 0 && lane.queued > 0, JSON.stringify(lane));
    });
    cancelling.abort();
    const ended = new Set((await Promise.all(answers)).map(({ status }) => status));
    // The first of them may have been answered before.
    assert.ok(
      ended.delete('CANCELLED') && (ended.size === 0 || (ended.size === 1 && ended.has('OK'))),
      [...ended].join(),
    );
    await eventually(async () => {
      const lane = (await statusOf(client)).lanes.find(({ priority }) => priority === Priority.PRIORITY_INTERACTIVE)!;
      assert.deepEqual([lane.queued, lane.running], [0, 0]);
    }, 500);
  });

  it('lets an order overtake the bulk work', async () => {
    const execution = { device: 0, fallback: 0, precision: 0, priority: Priority.PRIORITY_ORDER, validateOnly: false };
    const answer = await client.call(pricePath, encoded({ execution }));
    assert.equal(answer.status, 'OK');
    assert.ok((await statusOf(client)).caller!.queued > 0, 'the bulk work was over before the order');
  });
});

describe('lifecycle: health and drain', function () {
  this.timeout(60_000);

  it('serves until SIGTERM, finishes what it accepted, refuses what is new, and is gone', async () => {
    const daemon = await startDaemon(slowDaemon);
    const [client, watcher] = [new RawClient(daemon.socket), new RawClient(daemon.socket)];
    for (const service of services) {
      const { bytes } = await client.call(checkPath, field(1, service));
      assert.equal(Buffer.from(bytes).toString('hex'), serving, service);
    }
    const seen = new Map(services.map((service): [string, string[]] => [service, []]));
    const watches = services.map((service) =>
      watcher.watch(watchPath, field(1, service), (reply) => seen.get(service)!.push(reply.toString('hex'))),
    );
    await eventually(() => assert.ok([...seen.values()].every((states) => states.length === 1)));
    const bulk = startBulk(client);
    await eventually(async () => assert.ok((await statusOf(client)).caller!.queued > bulkCalls / 2));
    const stoppedMs = performance.now();
    const stopped = daemon.stop();
    await eventually(() => assert.match(daemon.output(), /"msg":"stopping"/));
    for (const answer of await Promise.all(bulk)) {
      assert.equal(answer.status, 'OK', answer.message);
      assertFinite(answer.bytes);
    }
    assert.deepEqual(await stopped, { code: 0, signal: null });
    // Not the 10 s that the daemon waits at most: watchers are no calls to wait for.
    assert.ok(performance.now() - stoppedMs < 9_000, `took ${performance.now() - stoppedMs} ms`);
    await Promise.all(watches.map(({ ended }) => ended));
    for (const [service, states] of seen) assert.deepEqual(states, [serving, notServing], service);
    const late = await client.call(pricePath, encoded());
    assert.equal(late.status, 'UNAVAILABLE');
    assert.ok(!existsSync(daemon.socket), 'the socket is left');
    for (const each of [client, watcher]) each.close();
  });

  it('forgets the watchers that left', async () => {
    const daemon = await startDaemon();
    const watcher = new RawClient(daemon.socket);
    for (let count = 0; count < 20; count += 1) {
      let replies = 0;
      const { ended, cancel } = watcher.watch(watchPath, field(1, `service ${count}`), () => (replies += 1));
      await eventually(() => assert.equal(replies, 1));
      cancel();
      assert.equal(await ended, 'CANCELLED');
    }
    watcher.close();
    await assertUnharmed(daemon);
    assert.equal((await daemon.stop()).code, 0);
  });
});
