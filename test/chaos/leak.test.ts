// What ten thousand jobs, a thousand regions and two hundred dead workers leave behind: nothing. Resident memory is
// compared with that after a warm-up of two tenths of the same, in which code, pools and drivers reach their size. Both are
// read after a full collection, which the signal for a heap snapshot brings: V8 keeps garbage as long as there is room.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { connect, Device, OptionModel, OptionType, Precision, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { needs, runs } from '../support/missing.js';
import { childrenOf, descriptorsOf, residentBytes } from '../support/processes.js';

const whole = { jobs: 10_000, restarts: 200 };
const warmUp = { jobs: whole.jobs / 10, restarts: whole.restarts / 10 };
const growthMax = 0.05;

const callers = 4;
const jobsPerRegion = 10;
const rows = 20_000;
/** Strikes, prices and the mask: large enough that the memory is kept for the next region. */
const regionBytes = 4 * rows * 16;

const upMsMax = 60_000;
const partMsMax = 200_000;

/** Jobs on the GPU until there were enough of everything: a worker that did no work is started later and later. */
async function work(client: Client, done: typeof whole, wanted: typeof whole): Promise<void> {
  const strikes = Float32Array.from({ length: rows }, (_, row) => 50 + row / 200);
  const common = {
    execution: { device: Device.DEVICE_GPU, precision: Precision.PRECISION_F32 },
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: OptionType.OPTION_TYPE_CALL,
    spot: 100,
    rate: 0.05,
    volatility: 0.2,
    yearsToExpiry: 1,
  };
  while (done.jobs < wanted.jobs || done.restarts < wanted.restarts) {
    const region = await client.region(regionBytes);
    await region.write(strikes);
    const bytes = 4 * rows;
    const outputs = new Map([
      ['price', region.slice(bytes, bytes)],
      ['undefined', region.slice(2 * bytes, bytes)],
    ]);
    for (let job = 0; job < jobsPerRegion; job += 1) {
      const isShared = job % 2 === 0;
      if (isShared) await client.pricing.priceOptions({ ...common, strike: region.column('f32', 0, rows), outputs });
      else await client.pricing.priceOptions({ ...common, strike: strikes.subarray(0, 2000) });
      done.jobs += 1;
    }
    await region.release();
  }
}

describe('leaks', function () {
  this.timeout(2 * partMsMax + upMsMax);
  let daemon: RunningDaemon;
  let client: Client;
  let snapshots: string;
  before(async function () {
    needs(this, 'pocl-opencl-icd', runs('sh', '-c', 'ls /etc/OpenCL/vendors/*.icd'));
    snapshots = mkdtempSync(join(tmpdir(), 'acceld-leak-'));
    const environment = { NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${snapshots}` };
    daemon = await startDaemon({ config: 'gpu: { standby: true, check_one_in: 100 }', environment });
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
    if (snapshots) rmSync(snapshots, { recursive: true });
  });

  const status = () => client.admin.getStatus();
  const gpuIsUp = () =>
    eventually(async () => {
      const gpu = (await status()).devices.find(({ device }) => device === Device.DEVICE_GPU)!;
      assert.ok(gpu.up && gpu.workers === 2, gpu.reason);
    }, upMsMax);

  /** Kills the worker that serves, whenever there is one that can take its place, so often. */
  async function kill(done: typeof whole, wanted: typeof whole): Promise<void> {
    while (done.restarts < wanted.restarts) {
      const [oldest, standby] = childrenOf(daemon.pid);
      if (oldest !== undefined && standby !== undefined) {
        process.kill(oldest, 'SIGKILL');
        done.restarts += 1;
      }
      await sleep(50);
    }
  }

  /** Resident memory, in kilobytes, once nothing is under way and nothing is kept for anybody. */
  async function settle(part: typeof whole): Promise<number> {
    const done = { jobs: 0, restarts: 0 };
    const works = Array.from({ length: callers }, () => work(client, done, part));
    await Promise.all([kill(done, part), ...works]);
    assert.ok(done.jobs >= part.jobs);
    await gpuIsUp();
    await eventually(async () => {
      const { caller, lanes, memory } = await status();
      assert.deepEqual([caller!.requestsInFlight, caller!.bytesInFlight, caller!.queued], [0, 0, 0]);
      assert.ok(lanes.every(({ queued, running }) => queued === 0 && running === 0));
      assert.deepEqual(
        memory!.holdings.map(({ owner, kind }) => [owner, kind]),
        [['gpu', 'worker']],
      );
      const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
      assert.match(metrics, /acceld_device_memory_bytes\{device="gpu",state="used"\} 0\n/);
      assert.match(metrics, /^acceld_regions 0$/m);
    }, 20_000);
    await collect();
    return residentBytes(daemon.pid) / 1024;
  }

  async function collect(): Promise<void> {
    process.kill(daemon.pid, 'SIGUSR2');
    await eventually(() => assert.equal(readdirSync(snapshots).length, 1), 30_000);
    // Answered once the snapshot is written.
    await status();
    for (const name of readdirSync(snapshots)) rmSync(join(snapshots, name));
  }

  it(`are none after ${whole.jobs} jobs and ${whole.restarts} dead workers`, async () => {
    await gpuIsUp();
    await settle(warmUp);
    const before = await settle(warmUp);
    const descriptors = descriptorsOf(daemon.pid);
    const afterwards = await settle(whole);
    const { pools } = (await status()).memory!;
    const hits = pools.map(({ name, hits, misses }) => `${name} ${hits} of ${hits + misses}`).join(', ');
    console.log(`      resident ${before} kB, then ${afterwards} kB; pools had room for ${hits}`);
    assert.ok(afterwards <= before * (1 + growthMax), `${before} kB became ${afterwards} kB`);
    await eventually(() => assert.ok(Math.abs(descriptorsOf(daemon.pid) - descriptors) <= 3));
    await daemon.stop();
    assert.doesNotMatch(daemon.output(), /"msg":"bug"|never gave back/);
  });
});
