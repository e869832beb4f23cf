// The configuration is read again while calls are under way: none is lost, and a bad file changes nothing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { RawClient } from '../support/raw-client.js';
import { runProgram, scratch } from '../support/start.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';

const base = 'gpu: { enabled: false }\n';
const limited = (requests: number): string =>
  `${base}admission: { per_caller: { requests_in_flight_max: ${requests} } }\n`;

/** Each breaks a good file in a way of its own; `salt` makes every one another file. */
const breakages: readonly ((salt: number) => string)[] = [
  (salt) => `${base}admission: { per_caller: { requests_in_flight_max: ${-salt} } }`,
  (salt) => `${base}log: { level: level${salt} }`,
  (salt) => `${base}setting${salt}: 1`,
  (salt) => `${base}admission: [${salt}, `,
  (salt) => `${base}listeners: { tcp: { port: ${65_536 + salt} } }`,
  (salt) => `${base}cpu: { threads: ${(salt % 64) + 65} }`,
  (salt) => `gpu: { enabled: false, check_one_in: ${salt}.5 }`,
  (salt) => `- ${salt}`,
  (salt) => `${base}log: &a { level: debug }\nother${salt}: *a`,
  (salt) => `${base}# ${'x'.repeat(65_536 + salt)}`,
  (salt) => `${base}memory: { budget_bytes: "${salt} GiB" }`,
  (salt) => `${base}log: { level: debug }\nlog: { level: info }\n# ${salt}`,
  (salt) => Buffer.from([0xff, 0xfe, 0x00, salt & 0xff]).toString('latin1'),
];

describe('reload of the configuration', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let file: string;
  beforeEach(async () => {
    daemon = await startDaemon({ config: limited(100) });
    file = join(daemon.directory, 'acceld.yaml');
    await eventually(() => assert.equal(count('configuration accepted'), 1));
  });
  afterEach(() => daemon.stop());

  const count = (message: string): number => daemon.output().split(`"msg":"${message}"`).length - 1;
  /** Resolves when the daemon has judged the file. */
  async function reload(text: string, verdict: 'accepted' | 'refused'): Promise<void> {
    const before = count(`configuration ${verdict}`);
    writeFileSync(file, text);
    process.kill(daemon.pid, 'SIGHUP');
    await eventually(() => assert.equal(count(`configuration ${verdict}`), before + 1, daemon.output().slice(-2000)));
  }
  async function limitInForce(): Promise<number | undefined> {
    const client = new RawClient(daemon.socket);
    const { caller } = await statusOf(client);
    client.close();
    return caller?.requestsInFlightMax;
  }

  it('loses no call of eight callers through forty reloads', async () => {
    const stop = new AbortController();
    let answered = 0;
    // Without the SDK's retries: a call that one of them would have mended counts as lost.
    const call = async (): Promise<void> => {
      const client = new RawClient(daemon.socket);
      while (!stop.signal.aborted) {
        await assertServes(client);
        answered += 1;
      }
      client.close();
    };
    const callers = Promise.all(Array.from({ length: 8 }, call));
    for (let round = 1; round <= 40; round += 1) await reload(limited(100 + round), 'accepted');
    stop.abort();
    await callers;
    assert.ok(answered > 100, `${answered} calls`);
    assert.equal(await limitInForce(), 140);
    await assertUnharmed(daemon);
  });

  it('is not changed by a hundred bad files, and says what is wrong with each', async () => {
    for (let salt = 1; salt <= 100; salt += 1) {
      await reload(breakages[salt % breakages.length]!(salt), 'refused');
      assert.equal(await limitInForce(), 100, `after bad file ${salt}`);
    }
    const reasons = daemon.output().match(/"problems":\[".+?\]/g) ?? [];
    assert.equal(reasons.length, 100);
    await reload(limited(101), 'accepted');
    assert.equal(await limitInForce(), 101);
    await assertUnharmed(daemon);
  });

  it('moves the history to another file, switches it off and on, and refuses a path where nothing can be kept', async () => {
    const client = connect({ socket: daemon.socket });
    const kinds = async () => (await client.admin.readHistory({ sinceMs: 0 })).events.map(({ kind }) => kind);
    const keeping = (history: string): string => `${limited(100)}history: ${history}\n`;
    await eventually(async () => assert.ok((await kinds()).includes('started')));
    const other = join(daemon.directory, 'other', 'history.sqlite');
    await reload(keeping(`{ path: ${other} }`), 'accepted');
    await eventually(async () => assert.deepEqual(await kinds(), ['configuration-accepted']));
    await reload(keeping(`{ path: ${daemon.directory} }`), 'refused');
    assert.match(daemon.output(), /"history\.path: EISDIR/);
    await eventually(async () => assert.ok((await kinds()).includes('configuration-refused')));
    await reload(keeping('{ enabled: false }'), 'accepted');
    await assert.rejects(kinds(), { code: 'HISTORY_ABSENT' });
    await reload(limited(100), 'accepted');
    await eventually(async () => assert.ok((await kinds()).includes('started')));
    client.close();
    await assertUnharmed(daemon);
  });

  it('answers a storm of signals with the last file', async () => {
    writeFileSync(file, limited(7));
    for (let signals = 0; signals < 200; signals += 1) process.kill(daemon.pid, 'SIGHUP');
    await eventually(async () => assert.equal(await limitInForce(), 7));
    await assertUnharmed(daemon);
  });

  it('starts on a bad file with the copy accepted last, if told so, and says it', async () => {
    const { path: directory, remove } = scratch();
    const state = { ACCELD_STATE: join(directory, 'state') };
    const good = await startDaemon({ directory, config: limited(9), args: ['--last-accepted'], environment: state });
    await eventually(() => assert.ok(good.output().includes('configuration accepted')));
    await good.stop();
    const bad = join(directory, 'acceld.yaml');
    writeFileSync(bad, `${base}nonsense: 1`);
    const args = ['serve', '--config', bad, '--socket', good.socket, '--http-port', '0'];
    assert.equal((await runProgram(args, { environment: state })).code, 78);
    const stale = await startDaemon({
      directory,
      config: `${base}nonsense: 1`,
      args: ['--last-accepted'],
      environment: state,
    });
    const client = new RawClient(stale.socket);
    assert.equal((await statusOf(client)).caller?.requestsInFlightMax, 9);
    client.close();
    assert.match(stale.output(), /"msg":"configuration stale"/);
    await stale.stop();
    remove();
  });
});
