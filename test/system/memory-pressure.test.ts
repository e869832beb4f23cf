// Real memory pressure: a control group that fills up around the daemon. The ladder is climbed and left again, and ORDER
// stays quick.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { connect, Priority, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { openMemoryGroup, type MemoryGroup } from '../support/memory-group.js';
import { notHere } from '../support/missing.js';
import { optionRequest } from '../support/option-request.js';
import { scratch } from '../support/start.js';

const hogProgram = fileURLToPath(new URL('../support/memory-hog.mjs', import.meta.url));
const megabyte = 1024 * 1024;
const limitBytes = 512 * megabyte;
const callsOfLeg = 2000;
const pairs = 3;
const ratioMax = 2;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length * share)]!;

describe('memory pressure', () => {
  let group: MemoryGroup;
  let daemon: RunningDaemon;
  let client: Client;
  let hog: ChildProcess;
  const folder = scratch();

  before(async function () {
    this.timeout(60_000);
    if (process.platform !== 'linux') notHere(this, 'only Linux has control groups');
    const opened = openMemoryGroup(limitBytes);
    if (!opened) notHere(this, 'this user may not make a control group');
    group = opened;
    // Higher rungs are for tests with a fake clock: here the group must not run into the killer of its system.
    daemon = await startDaemon({
      config:
        'policy: { calm_seconds: 1, memory: { stalled_share: { shrink_pools: 1, no_background: 1, no_batch: 1, shed_interactive: 1, order_only: 1 } } }',
    });
    group.add(daemon.pid);
    client = connect({ socket: daemon.socket });
    const file = join(folder.path, 'file');
    // From its first page on within the group, and giving back at once what it frees.
    const script = `echo $$ > ${group.processes} && exec "$0" --expose-gc "$@"`;
    hog = spawn('/bin/sh', ['-c', script, process.execPath, hogProgram, file], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '65536' },
    });
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
    if (hog && hog.exitCode === null && hog.signalCode === null) {
      hog.kill('SIGKILL');
      await once(hog, 'exit');
    }
    group?.remove();
    folder.remove();
  });

  const hold = async (megabytes: number): Promise<void> => {
    hog.stdin!.write(`${megabytes}\n`);
    await once(hog.stdout!, 'data');
  };
  /** Leaves so large a share of the group's memory. */
  const leave = async (share: number): Promise<void> => {
    let held = 0;
    for (let round = 0; round < 8; round += 1) {
      const surplus = group.availableBytes() - share * limitBytes;
      if (Math.abs(surplus) < 2 * megabyte) return;
      held = Math.max(0, held + Math.trunc(surplus / megabyte));
      await hold(held);
    }
  };
  const rung = async () => (await client.admin.getStatus()).allowance;
  const order = () => client.pricing.priceOptions(optionRequest(16, { priority: Priority.PRIORITY_ORDER }));

  async function orderP99Ms(): Promise<number> {
    const times: number[] = [];
    for (let call = 0; call < callsOfLeg; call += 1) {
      const beginMs = performance.now();
      await order();
      times.push(performance.now() - beginMs);
    }
    return quantile(times, 0.99);
  }

  it('climbs to where BATCH stops, keeps ORDER quick, and comes back', async function () {
    this.timeout(180_000);
    await orderP99Ms();
    const ratios: number[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const alone = await orderP99Ms();
      // What the daemon gives back meanwhile is taken again.
      await eventually(async () => {
        await leave(0.055);
        assert.equal(await rung(), 'no-batch');
      }, 30_000);
      const held = client.pricing.priceOptions(optionRequest(50_000, { priority: Priority.PRIORITY_BATCH }));
      const pressed = await orderP99Ms();
      assert.equal((await order()).receipt?.allowance, 'no-batch');
      const { lanes, policy } = await client.admin.getStatus();
      assert.equal(lanes[2]?.state, 'held');
      assert.match(policy!.reasons[0]!.text, /\d % of the memory of its control group is available/);
      await hold(0);
      await eventually(async () => {
        const { policy, allowance } = await client.admin.getStatus();
        assert.equal(allowance, 'normal', policy!.reasons.map(({ text }) => text).join());
      }, 30_000);
      // BATCH goes on one rung below.
      assert.equal((await held).receipt?.allowance, 'no-background');
      ratios.push(pressed / alone);
      console.log(`      p99 of ORDER: ${alone.toFixed(2)} ms alone, ${pressed.toFixed(2)} ms under memory pressure`);
    }
    const ratio = quantile(ratios, 0.5);
    console.log(`      median of ${pairs}: ${ratio.toFixed(2)} times`);
    assert.ok(ratio <= ratioMax, `${ratio} times`);
  });
});
