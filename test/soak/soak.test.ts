// Months in short: mixed load with the burst of a market's opening, while workers are killed, settings are read again and
// clients come and go. No call is lost, and what the daemon holds does not grow. ACCELD_SOAK_SECONDS: 180 unless it is set.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Fallback } from '../../src/client/index.js';
import { makeQuestions } from '../support/chaos-caller.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { needs, runs } from '../support/missing.js';
import { statusPath } from '../support/pricing.js';
import { childrenOf, descriptorsOf, residentBytes } from '../support/processes.js';
import { RawClient } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';

const seconds = Number(process.env['ACCELD_SOAK_SECONDS'] ?? 180);
/** A burst begins when a third of this has passed, again and again. */
const cycleSeconds = Math.min(seconds, 600);
const burstSeconds = 60;
/** Calls a second, and how many times as many in a burst. */
const pace = 40;
const burstFactor = 10;
/** Of so many calls one is any question, all others are single options. */
const heavyEvery = 20;
const killEveryMs = 5_000;
const reloadEveryMs = 7_000;
const visitEveryMs = 1_000;
/** Memory may grow by this share from the middle of the time behind the last burst to its end. */
const growthMax = 0.05;

interface Sample {
  readonly second: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

const isBurst = (second: number): boolean => {
  const inCycle = second % cycleSeconds;
  return inCycle >= cycleSeconds / 3 && inCycle < cycleSeconds / 3 + burstSeconds;
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Least squares: units of `y` a second. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

const config = (checkOneIn: number): string => `gpu: { check_one_in: ${checkOneIn} }\n`;

describe('soak', function () {
  this.timeout((seconds + 120) * 1000);
  let daemon: RunningDaemon;

  before(async function () {
    needs(this, 'pocl-opencl-icd', runs('sh', '-c', 'ls /etc/OpenCL/vendors/*.icd'));
    daemon = await startDaemon({ config: config(20) });
  });
  after(() => daemon.stop());

  const sampleAt = (second: number): Sample => ({
    second,
    residentBytes: residentBytes(daemon.pid),
    descriptors: descriptorsOf(daemon.pid),
  });

  /** Acts again and again until the end. */
  async function every(ms: number, endMs: number, act: (turn: number) => unknown): Promise<void> {
    for (let turn = 0; performance.now() < endMs - ms; turn += 1) {
      await sleep(ms);
      await act(turn);
    }
  }

  function killWorker(turn: number): void {
    const workers = childrenOf(daemon.pid);
    const victim = workers[turn % workers.length];
    if (victim !== undefined) process.kill(victim, 'SIGKILL');
  }

  function reload(turn: number): void {
    writeFileSync(join(daemon.directory, 'acceld.yaml'), config(20 + (turn % 2)));
    process.kill(daemon.pid, 'SIGHUP');
  }

  it(`loses nothing and holds nothing in ${seconds} s`, async () => {
    const questions = await makeQuestions(daemon.socket);
    const client = connect({ socket: daemon.socket });
    const [single] = questions;
    const before = sampleAt(0);
    const beganMs = performance.now();
    const endMs = beganMs + seconds * 1000;
    const tally = { calls: 0, failures: new Set<string>(), quietMs: [] as number[], burstMs: [] as number[] };

    const ask = async (number: number, burst: boolean): Promise<void> => {
      const question = number % heavyEvery === 0 ? questions[(number / heavyEvery) % questions.length]! : single!;
      const askedMs = performance.now();
      try {
        const { bytes } = await question.ask(client, Fallback.FALLBACK_ALLOW);
        assert.deepEqual(bytes, question.expected, 'other bits');
        (burst ? tally.burstMs : tally.quietMs).push(performance.now() - askedMs);
      } catch (error) {
        tally.failures.add(String(error));
      }
      tally.calls += 1;
    };
    const load = async (): Promise<void> => {
      const asked: Promise<void>[] = [];
      for (let due = 0; performance.now() < endMs;) {
        const second = (performance.now() - beganMs) / 1000;
        const burst = isBurst(second);
        due += (pace * (burst ? burstFactor : 1)) / 100;
        for (; due >= 1; due -= 1) asked.push(ask(asked.length, burst));
        await sleep(10);
      }
      await Promise.all(asked);
    };
    const samples: Sample[] = [];
    await Promise.all([
      load(),
      every(killEveryMs, endMs, killWorker),
      every(reloadEveryMs, endMs, reload),
      every(visitEveryMs, endMs, visit),
      every(1_000, endMs, () => samples.push(sampleAt((performance.now() - beganMs) / 1000))),
    ]);
    client.close();
    report({ samples, before, ...tally });
    await assertUnharmed(daemon);
    assert.deepEqual([...tally.failures], []);
    const { growth, after } = judge(samples);
    assert.ok(growth <= growthMax, `memory grew by ${(100 * growth).toFixed(1)} %`);
    assert.ok(after.descriptors <= before.descriptors + 8, `${before.descriptors} to ${after.descriptors} descriptors`);
  });

  /** Two clients that come and go, one of them in mid-call. */
  async function visit(): Promise<void> {
    const polite = connect({ socket: daemon.socket });
    await polite.admin.getStatus();
    polite.close();
    const rude = new RawClient(daemon.socket);
    await rude.call(statusPath, new Uint8Array());
    const change = new AbortController();
    const call = rude.call(statusPath, new Uint8Array(), { signal: change.signal });
    change.abort();
    await call;
    rude.close();
  }
});

/** Behind the last burst: how much memory the line through its samples gains there. */
function judge(samples: readonly Sample[]) {
  const lastBurst = samples.filter(({ second }) => isBurst(second)).at(-1)?.second ?? 0;
  const tail = samples.filter(({ second }) => second > lastBurst + 10);
  const rate = slope(tail.map(({ second, residentBytes }) => [second, residentBytes]));
  const span = tail.at(-1)!.second - tail[0]!.second;
  const after = {
    residentBytes: median(tail.map((sample) => sample.residentBytes)),
    descriptors: median(tail.map((sample) => sample.descriptors)),
  };
  return { rate, growth: (rate * span) / after.residentBytes, span, after };
}

interface Report {
  readonly samples: readonly Sample[];
  readonly before: Sample;
  readonly calls: number;
  readonly quietMs: number[];
  readonly burstMs: number[];
}

function report({ samples, before, calls, quietMs, burstMs }: Report): void {
  const { rate, growth, span, after } = judge(samples);
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const at = (values: number[], share: number): string => {
    values.sort((a, b) => a - b);
    return (values[Math.floor(share * (values.length - 1))] ?? NaN).toFixed(1);
  };
  console.log(
    `      ${calls} calls; ms p50 ${at(quietMs, 0.5)}, p99 ${at(quietMs, 0.99)}, in bursts ${at(burstMs, 0.5)} and ${at(burstMs, 0.99)}\n` +
      `      resident ${megabytes(before.residentBytes)} MB at first, ${megabytes(after.residentBytes)} behind the last burst, ` +
      `slope there ${(rate / 1024).toFixed(1)} KB/s (${(100 * growth).toFixed(1)} % in ${span.toFixed(0)} s)\n` +
      `      descriptors ${before.descriptors} at first, ${after.descriptors} behind the last burst`,
  );
}
