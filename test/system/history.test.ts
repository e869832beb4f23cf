// History under bad luck: killed in the middle of a write, and on a disk that is full. Also src/daemon/telemetry/history-worker.ts
// within the daemon.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { connect, OptionModel, OptionType, type Client } from '../../src/client/index.js';
import { HistoryStore } from '../../src/daemon/telemetry/history-store.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { firstMinuteMs, minuteMs } from '../support/minutes.js';
import { notHere, runs } from '../support/missing.js';

const writer = fileURLToPath(new URL('../support/history-writer.ts', import.meta.url));
const killsMin = 12;

describe('history under SIGKILL', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'acceld-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('loses no minute that was committed, and is whole after every kill', async () => {
    const path = join(folder, 'history.sqlite');
    let nextMs = firstMinuteMs;
    const committed: number[] = [];
    for (let kill = 0; kill < killsMin; kill += 1) {
      const child = spawn(process.execPath, ['--import=tsx', writer, path, String(nextMs)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (said += piece));
      await eventually(() => assert.ok(said.includes('\n')), 20_000);
      // Each time at another moment of its writes.
      await pause(7 * kill);
      child.kill('SIGKILL');
      await once(child, 'close');
      const whole = said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number);
      committed.push(...whole);
      nextMs = whole.at(-1)! + 1000 * minuteMs;
    }
    const store = new HistoryStore({ path, days: 3650, bytesMax: 1 << 28 });
    const rows = (sql: string) => store.database.prepare(sql).all() as unknown as Record<string, number | string>[];
    assert.deepEqual(
      rows('PRAGMA integrity_check').map((row) => Object.values(row)[0]),
      ['ok'],
    );
    for (const table of ['calls', 'callers', 'rungs', 'readings', 'events']) {
      const found = new Set(rows(`SELECT at FROM ${table}`).map(({ at }) => at));
      const lost = committed.filter((atMs) => !found.has(atMs));
      assert.deepEqual(lost, [], `${table} lost ${lost.length} of ${committed.length}`);
      // A batch that nobody heard of may be there, and then whole.
      assert.ok(found.size <= committed.length + killsMin);
    }
    store.close();
    assert.ok(committed.length > killsMin);
  });
});

/** A tmpfs of its own for one process, by a user namespace where the user is not root. */
const namespaces = ['unshare', '-rm', '--propagation', 'private'] as const;

describe('history on a full disk', function () {
  this.timeout(120_000);
  let folder: string;
  let daemon: RunningDaemon | undefined;
  let client: Client | undefined;
  before(async function () {
    if (!runs(...namespaces, 'true')) notHere(this, 'no user may mount a file system of its own');
    folder = mkdtempSync(join(tmpdir(), 'acceld-test-'));
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const free = join(folder, 'free');
    // The disk has 1 MiB, of which another file takes all but 100 KiB until the test wants it gone.
    const script = `mount -t tmpfs -o size=1m none ${disk} && dd if=/dev/zero of=${disk}/other bs=1k count=924 status=none
      (while [ ! -e ${free} ]; do sleep 0.1; done; rm ${disk}/other) & exec "$@"`;
    daemon = await startDaemon({
      config: `history: { path: ${disk}/history.sqlite }\n`,
      wrapper: [...namespaces, 'sh', '-c', script, 'sh'],
    });
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${daemon!.httpPort}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const price = async (): Promise<void> => {
    const reply = await client!.pricing.priceOptions({
      ...{ model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON, type: [OptionType.OPTION_TYPE_CALL] },
      ...{ spot: 100, strike: 100, rate: 0.05, volatility: 0.2, yearsToExpiry: 1 },
    });
    assert.equal(reply.price?.length, 1);
  };

  it('is a warning and a metric, and every call goes on', async () => {
    await eventually(async () => assert.equal(await metric('acceld_history_up'), 0), 60_000);
    assert.match(daemon!.output(), /the history cannot be written: database or disk is full; everything else goes on/);
    for (let call = 0; call < 20; call += 1) await price();
  });

  it('is written again, with what waited, once there is room', async () => {
    writeFileSync(join(folder, 'free'), '');
    await eventually(async () => assert.equal(await metric('acceld_history_up'), 1), 20_000);
    assert.match(daemon!.output(), /the history is written again/);
    const { events } = await client!.admin.readHistory({ sinceMs: 0 });
    const kinds = events.map(({ kind }) => kind);
    assert.ok(kinds.includes('started'), kinds.join(' '));
    assert.equal(await metric('acceld_history_dropped_total'), 0);
  });
});
