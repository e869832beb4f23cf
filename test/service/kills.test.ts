// SIGKILL at random moments under load, with launchd's stand-in starting the daemon again: nobody sees more than a retryable
// refusal, and nothing is left behind.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, it } from 'mocha';
import { connect, Fault, OptionModel, OptionType, type Client } from '../../src/client/index.js';
import { eventually } from '../support/eventually.js';
import { processesIn, scratchMachine, serviceUid, type ScratchMachine } from '../support/service.js';

const kills = 200;
/** From a start of the process, so that some fall into the start itself. */
const killMsMax = 1_000;
const servingMsMax = 2_000;
/** The moments are the same in every run: a failure can be had again. */
const seed = 20_261_124;
const callers = 4;

/** mulberry32. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const price = (client: Client, rows: number) =>
  client.pricing.priceOptions({
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: OptionType.OPTION_TYPE_CALL,
    spot: 100,
    strike: new Float64Array(rows).fill(100),
    rate: 0.05,
    volatility: 0.2,
    yearsToExpiry: 1,
  });
const rightPrice = 10.450583572185565;

interface Found {
  answers: number;
  readonly refusals: Map<string, number>;
  readonly wrongs: string[];
}

/** One caller that sees every refusal, or one that its client spares them by trying again. */
async function call(socket: string, retries: boolean, stop: AbortSignal): Promise<Found> {
  const client = connect({
    socket,
    serverUid: serviceUid,
    timeoutMs: 20_000,
    retry: { attemptsMax: retries ? 12 : 1 },
  });
  const found: Found = { answers: 0, refusals: new Map(), wrongs: [] };
  for (let turn = 0; !stop.aborted; turn += 1) {
    try {
      const { price: prices } = await price(client, turn % 8 === 0 ? 8_192 : 1);
      if (Math.abs(prices![0]! - rightPrice) > 1e-12) found.wrongs.push(`priced ${prices![0]}`);
      found.answers += 1;
    } catch (error) {
      const isExpected = error instanceof Fault && error.status === 'UNAVAILABLE' && error.retryable;
      if (!isExpected || retries)
        found.wrongs.push(error instanceof Fault ? `${error.code}: ${error.message}` : String(error));
      else found.refusals.set(error.code, (found.refusals.get(error.code) ?? 0) + 1);
      await pause(20);
    }
  }
  client.close();
  return found;
}

/** Milliseconds from the start of each process until it answered, for those that lived long enough to. */
async function strike(scratch: ScratchMachine): Promise<void> {
  const next = random(seed);
  const client = connect({ socket: scratch.layout.socket, serverUid: serviceUid, retry: { attemptsMax: 1 } });
  for (let kill = 0, last = 0; kill < kills; kill += 1) {
    const pid = await eventually(() => {
      const started = scratch.events().findLast(({ event }) => event === 'started')!.pid;
      assert.notEqual(started, last);
      return started;
    });
    // Every tenth is let come to serve, and the time until then is judged.
    if (kill % 10 === 0) await serves(scratch, client);
    await pause(next() * killMsMax);
    process.kill(pid, 'SIGKILL');
    last = pid;
  }
  await serves(scratch, client);
  client.close();
}

async function serves(scratch: ScratchMachine, client: Client): Promise<void> {
  const { at, pid } = scratch.events().findLast(({ event }) => event === 'started')!;
  await eventually(async () => assert.equal((await client.admin.getStatus()).pid, pid), 30_000);
  waitsMs.push(Date.now() - at * 1e3);
}

const waitsMs: number[] = [];

describe('kills', function () {
  this.timeout(480_000);

  it(`SIGKILL at ${kills} random moments under load costs nobody a call`, async () => {
    const scratch = await scratchMachine({ system: 'darwin', scope: 'user', throttleSeconds: 0 });
    const { layout, machine } = scratch;
    try {
      const { code, text } = await scratch.run('install');
      assert.equal(code, 0, text);
      const stop = new AbortController();
      const running = Array.from({ length: callers }, (_, index) => call(layout.socket, index % 2 === 0, stop.signal));
      await strike(scratch);
      stop.abort();
      const found = await Promise.all(running);
      report(found);
      assert.deepEqual(
        found.flatMap(({ wrongs }) => wrongs),
        [],
      );
      assert.ok(
        found.every(({ answers }) => answers > kills),
        'every caller was served',
      );
      assert.ok(
        found.some(({ refusals }) => refusals.size > 0),
        'the kills were felt',
      );
      const killed = scratch.events().filter(({ status }) => status === -9);
      assert.equal(killed.length, kills);
      assert.deepEqual(
        scratch.events().filter(({ event }) => event === 'survivors'),
        [],
      );
      await nothingIsLeft(scratch);
      const slowest = Math.round(Math.max(...waitsMs));
      assert.ok(slowest < servingMsMax, `${slowest} ms until it served again`);
    } finally {
      await scratch.close();
      assert.deepEqual(processesIn(machine.root), []);
    }
  });

  async function nothingIsLeft(scratch: ScratchMachine): Promise<void> {
    const { layout, machine } = scratch;
    const pid = Number(/pid (\d+)/.exec((await scratch.run('status')).text)![1]);
    assert.deepEqual(processesIn(machine.root), [pid], 'one process of the service');
    const memories = readdirSync(`/proc/${pid}/fd`).filter((fd) =>
      readlinkSync(`/proc/${pid}/fd/${fd}`).includes('memfd'),
    );
    assert.deepEqual(memories, [], 'no region');
    const stopped = await scratch.run('stop');
    assert.equal(stopped.code, 0, stopped.text);
    const sockets = readdirSync(layout.run).filter((name) => !name.endsWith('.lock') && name !== 'gpu');
    assert.deepEqual(
      sockets.filter((name) => !name.startsWith('history.sqlite')),
      [],
      'no socket',
    );
    assert.doesNotMatch(readFileSync(join(layout.logs!, 'acceld.log'), 'utf8'), /"msg":"bug"/);
    const histories = [join(layout.state, 'history.sqlite')].filter(existsSync);
    assert.equal(histories.length, 1, 'the history');
    const history = new DatabaseSync(histories[0]);
    assert.deepEqual({ ...history.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    history.close();
  }
});

function report(found: readonly Found[]): void {
  const answers = found.reduce((sum, each) => sum + each.answers, 0);
  const refusals = found.flatMap((each) => [...each.refusals]).map(([code, count]) => `${code} ${count}`);
  const [fastest, slowest] = [Math.min(...waitsMs), Math.max(...waitsMs)].map(Math.round);
  console.log(`      ${answers} answers; refused: ${refusals.join(', ')}; served after ${fastest} to ${slowest} ms`);
}
