// Mixed load while the worker of the GPU is killed, crashed and stopped: nobody loses a call, and no bit changes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { connect, Device } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { aloneMs, makeQuestions, runCaller, type Findings } from '../support/chaos-caller.js';
import { needs, runs } from '../support/missing.js';
import { childrenOf, descriptorsOf } from '../support/processes.js';

const seconds = 60;
const callers = 32;
/** One in so many may not fall back. */
const forbidEvery = 4;
const signals = ['SIGKILL', 'SIGSEGV', 'SIGSTOP'] as const;
/** From a blow to the answer of a call in flight, where calls do not wait for one another. */
const answerMsMax = 500;
/** Fewer would say little. */
const waitsMin = 10;
/** The first answers of a machine that compiles and loads kernels. */
const upMsMax = 60_000;

const exists = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('chaos', function () {
  this.timeout((seconds + 120) * 1000);
  let daemon: RunningDaemon;

  beforeEach(async function () {
    needs(this, 'pocl-opencl-icd', runs('sh', '-c', 'ls /etc/OpenCL/vendors/*.icd'));
    daemon = await startDaemon({ config: 'gpu: { standby: true, check_one_in: 20 }' });
    await gpuIsUp();
  });
  afterEach(() => daemon?.stop());

  async function gpuIsUp(workers = 2): Promise<void> {
    const client = connect({ socket: daemon.socket });
    await eventually(async () => {
      const { devices } = await client.admin.getStatus();
      const gpu = devices.find(({ device }) => device === Device.DEVICE_GPU)!;
      assert.ok(gpu.up && gpu.workers === workers && gpu.kernels.length > 0, gpu.reason);
    }, upMsMax);
    client.close();
  }

  /** A blow about once a second, at the worker that serves or at its standby. Returns when each fell. */
  async function strike(endMs: number): Promise<number[]> {
    const blows: number[] = [];
    for (let blow = 0; performance.now() < endMs - 2_000; blow += 1) {
      await sleep(700 + 600 * Math.abs(Math.sin(blow)));
      const workers = childrenOf(daemon.pid);
      const victim = workers[blow % workers.length];
      if (victim === undefined) continue;
      process.kill(victim, signals[blow % signals.length]);
      blows.push(performance.now());
    }
    return blows;
  }

  // Each asks again as soon as it was answered: what the GPU can do is what bounds them, and most wait for it.
  it(`loses no call of ${callers} callers without a pause in ${seconds} s, and changes no bit`, async () => {
    await endure(await makeQuestions(daemon.socket), 0);
  });

  it(`loses none at half the load either, and answers within ${answerMsMax} ms of a blow at p99`, async () => {
    const questions = await makeQuestions(daemon.socket);
    // All together ask half as often as one alone who never pauses: the machine is idle half of the time or more.
    const waits = await endure(questions, 2 * callers * (await aloneMs(daemon.socket, questions)));
    assert.ok(waits.length >= waitsMin, `${waits.length} calls in flight at a blow`);
    assert.ok(at(waits, 0.99) <= answerMsMax, `${at(waits, 0.99)} ms`);
  });

  /** Returns the milliseconds from each blow to the answers of the calls that were in flight then, in rising order. */
  async function endure(questions: Awaited<ReturnType<typeof makeQuestions>>, pauseMs: number): Promise<number[]> {
    const descriptors = descriptorsOf(daemon.pid);
    const endMs = performance.now() + seconds * 1000;
    const running = Array.from({ length: callers }, (_, index) =>
      runCaller(daemon.socket, { questions, endMs, forbid: index % forbidEvery === 0, first: index, pauseMs }),
    );
    const blows = await strike(endMs);
    const findings = await Promise.all(running);
    const waits = waitsOf(findings, blows);
    report(findings, blows, waits);
    assert.deepEqual([...new Set(findings.flatMap(({ failures }) => failures))], []);
    assert.ok(blows.length > seconds / 3, `${blows.length} blows`);
    const onGpu = findings
      .flatMap(({ answered }) => answered)
      .filter(({ receipt }) => receipt?.device === Device.DEVICE_GPU);
    assert.ok(onGpu.length > 100, `${onGpu.length} answers of the GPU`);
    await gpuIsUp();
    await nothingIsLeft(descriptors);
    return waits;
  }

  /** The caller's tickets, the memory of the workers, descriptors, and processes. */
  async function nothingIsLeft(descriptors: number): Promise<void> {
    const client = connect({ socket: daemon.socket });
    await eventually(async () => {
      const { caller, lanes } = await client.admin.getStatus();
      assert.deepEqual([caller?.requestsInFlight, caller?.bytesInFlight, caller?.queued], [0, 0, 0]);
      assert.ok(lanes.every(({ queued, running }) => queued === 0 && running === 0));
      const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
      assert.match(metrics, /acceld_device_memory_bytes\{device="gpu",state="used"\} 0\n/);
      assert.doesNotMatch(metrics, /outcome="different"/);
    });
    client.close();
    await eventually(() => assert.ok(Math.abs(descriptorsOf(daemon.pid) - descriptors) <= 3, leftovers()));
    const workers = childrenOf(daemon.pid);
    await daemon.stop();
    await eventually(() => assert.deepEqual(workers.filter(exists), []));
    assert.doesNotMatch(daemon.output(), /"msg":"bug"/);
  }

  const leftovers = (): string =>
    readdirSync(`/proc/${daemon.pid}/fd`)
      .map((descriptor) => readlinkSync(`/proc/${daemon.pid}/fd/${descriptor}`))
      .join('\n');
});

function waitsOf(findings: readonly Findings[], blows: readonly number[]): number[] {
  const answered = findings.flatMap(({ answered }) => answered);
  const waits = blows.flatMap((blow) =>
    answered.filter(({ beganMs, endedMs }) => beganMs < blow && endedMs > blow).map(({ endedMs }) => endedMs - blow),
  );
  return waits.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;

function report(findings: readonly Findings[], blows: readonly number[], waits: readonly number[]): void {
  const answered = findings.flatMap(({ answered }) => answered);
  const onGpu = answered.filter(({ receipt }) => receipt?.device === Device.DEVICE_GPU).length;
  const moved = answered.filter(({ receipt }) => receipt?.fallback).length;
  const refused = findings.flatMap(({ refusals }) => [...refusals]).map(([code, count]) => `${code} ${count}`);
  console.log(
    `      ${answered.length} answers, ${onGpu} of the GPU, ${moved} after a fallback; ${blows.length} blows; ` +
      `${waits.length} in flight at one: p50 ${at(waits, 0.5).toFixed(0)}, p99 ${at(waits, 0.99).toFixed(0)}, ` +
      `longest ${at(waits, 1).toFixed(0)} ms; refused: ${refused.join(', ') || 'none'}`,
  );
}
