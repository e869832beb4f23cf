import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon, type HostPool, type TaskDone } from '../../../src/daemon/devices/host-addon.js';
import { asOrdinaryUser, builds, inChild } from '../../support/addon-child.js';
import { needs, runs } from '../../support/missing.js';
import { kernelName, optionTask, price, type OptionTask } from '../../support/option-task.js';

const addon = loadHostAddon(join(builds, 'host.node'));
const rows = 100;
const none: TaskDone = () => undefined;

/** Submits `count` tasks and resolves once all are done, with the tokens in the order of their completion. */
function runAll(count: number, threads: number): Promise<{ tokens: number[]; tasks: OptionTask[]; pool: HostPool }> {
  const tasks = Array.from({ length: count }, () => optionTask(addon, rows));
  const tokens: number[] = [];
  return new Promise((done) => {
    const pool = addon.openPool({ name: 'working', threads, niceness: 19 }, (token, flags, computeNs) => {
      assert.equal(flags, 0);
      assert.ok(computeNs > 0 && computeNs < 1e9, `${computeNs} ns`);
      tokens.push(token);
      if (tokens.length === count) done({ tokens, tasks, pool });
    });
    tasks.forEach(({ kernel, params, inputs, outputs }, token) =>
      pool.submit(token, kernel, params, inputs, outputs, 0, rows),
    );
    assert.equal(tokens.length, 0, 'nothing completes within submit');
  });
}

describe('host addon: pools', () => {
  it('runs every task once, in order on one thread', async () => {
    const { tokens, tasks, pool } = await runAll(200, 1);
    assert.deepEqual(
      tokens,
      tasks.map((_, token) => token),
    );
    assert.ok(tasks.every(({ prices }) => prices.every((value) => Math.abs(value - price) < 1e-12)));
    pool.close();
  });

  it('runs every task once on several threads', async () => {
    const { tokens, pool } = await runAll(500, 3);
    assert.deepEqual([pool.threads, pool.threadsNotLowered], [3, 0]);
    assert.equal(new Set(tokens).size, 500);
    pool.close();
  });

  it('refuses work once closed, and may be closed again', () => {
    const pool = addon.openPool({ name: 'closing', threads: 1, niceness: 0 }, none);
    pool.close();
    pool.close();
    const { kernel, params, inputs, outputs } = optionTask(addon, rows);
    assert.throws(() => pool.submit(1, kernel, params, inputs, outputs, 0, rows), new Error('the pool is closed'));
  });

  it('refuses wrong options', () => {
    const open = (options: object) => () => addon.openPool({ name: 'a', threads: 1, niceness: 0, ...options }, none);
    for (const options of [
      { threads: 0 },
      { threads: 1.5 },
      { threads: 1025 },
      { cpus: [-1] },
      { cpus: [0.5] },
      { cpus: [1024] },
      { cpus: '0' },
      { niceness: 20 },
      { niceness: -1 },
      { name: 1 },
    ]) {
      assert.throws(open(options), RangeError, JSON.stringify(options));
    }
    assert.throws(
      () => addon.openPool({ name: 'a', threads: 1, niceness: 0 }, undefined as unknown as TaskDone),
      TypeError,
    );
  });
});

describe('host addon: a pool in the life of a process', () => {
  /** `submit(token, rows)` on `pool`, whose completions go to `done`. */
  const setUp = `
    const kernel = addon.kernels.findIndex(({ name }) => name === '${kernelName}');
    const column = (value) => Float64Array.of(value);
    const inputs = () => [Uint8Array.of(1), ...[100, 100, 0.05, 0, 0.2, 1].map(column)];
    let done = () => {};
    const pool = addon.openPool({ name: 'child', threads: 2, niceness: 0 }, (...args) => done(...args));
    const submit = (token, rows) => {
      const outputs = addon.kernels[kernel].outputs.map(() => new Float64Array(rows));
      pool.submit(token, kernel, new Uint8Array(4), inputs(), outputs, 0, rows);
      return outputs;
    };`;
  /** Rows that keep a thread busy for some 50 ms. */
  const long = 1_000_000;

  it('an idle pool lets the process end', () => {
    assert.deepEqual(inChild(setUp), { status: 0, signal: null, stdout: '', stderr: '' });
  });

  it('a running task does not', () => {
    const { status, stdout } = inChild(`${setUp} done = (token) => console.log('done', token); submit(7, ${long});`);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'done 7\n' });
  });

  it('keeps the memory of a task alive while it waits, even of two with one token, and no longer', () => {
    const script = `${setUp}
      require('v8').setFlagsFromString('--expose-gc');
      const gc = require('vm').runInNewContext('gc');
      let left = 4;
      const watched = [];
      const say = () => console.log(watched.map((buffer) => (buffer.deref() === undefined ? 'freed' : 'alive')).join());
      done = () => { left -= 1; if (left === 0) setTimeout(() => { gc(); say(); }, 0); };
      for (const token of [1, 2]) submit(token, ${long});
      for (const token of [5, 5]) watched.push(new WeakRef(submit(token, 1)[0].buffer));
      setTimeout(() => { gc(); say(); }, 0);`;
    assert.deepEqual(inChild(script), { status: 0, signal: null, stdout: 'alive,alive\nfreed,freed\n', stderr: '' });
  });

  it('an exception of done is uncaught, and the other completions arrive', () => {
    const script = `${setUp}
      const tokens = [];
      process.on('uncaughtException', (error) => tokens.push(error.message));
      process.on('exit', () => console.log(tokens.sort().join()));
      done = (token) => { if (token === 2) throw new Error('two'); tokens.push(token); };
      for (let token = 0; token < 6; token += 1) submit(token, 1);
      // All of them finish while the event loop is busy, so that they arrive as one burst.
      const end = Date.now() + 100; while (Date.now() < end);`;
    const { status, stdout, stderr } = inChild(script);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '0,1,3,4,5,two\n', stderr: '' });
  });

  const endings = [
    ['close() in mid-task', 'setTimeout(() => { pool.close(); pool.close(); console.log("closed"); }, 5)'],
    ['close() within done', 'done = () => { pool.close(); console.log("closed"); }; submit(9, 1)'],
    ['process.exit() in mid-task', 'setTimeout(() => { console.log("closed"); process.exit(0); }, 5)'],
  ] as const;
  for (const [name, ending] of endings) {
    it(`${name} is safe`, () => {
      const script = `${setUp} for (let token = 0; token < 20; token += 1) submit(token, ${long / 10}); ${ending};`;
      assert.deepEqual(inChild(script), { status: 0, signal: null, stdout: 'closed\n', stderr: '' });
    });
  }

  if (process.platform === 'linux') {
    it('an error, if the system gives no threads', function () {
      needs(this, 'prlimit (util-linux)', runs('prlimit', '--version'));
      const script = `
      require('child_process').execFileSync('prlimit', ['--pid', process.pid, '--nproc=1:1']);
      try { addon.openPool({ name: 'child', threads: 4, niceness: 0 }, () => {}); } catch (error) { console.log(error.message); }`;
      const { status, stdout } = inChild(script, asOrdinaryUser());
      assert.deepEqual({ status, stdout: stdout.slice(0, 29) }, { status: 0, stdout: 'the system refused a thread: ' });
    });
  }

  it('terminating a worker thread in mid-task is safe', () => {
    const script = `
      const { Worker } = require('worker_threads');
      const source = 'const addon = require(' + JSON.stringify(${JSON.stringify(join(builds, 'host.node'))}) + ');' + ${JSON.stringify(setUp)}
        + 'for (let token = 0; token < 20; token += 1) submit(token, ${long / 10}); require("worker_threads").parentPort.postMessage(0)';
      const one = () => new Promise((done) => {
        const worker = new Worker(source, { eval: true });
        worker.on('message', () => worker.terminate()).on('exit', done);
      });
      (async () => { for (let i = 0; i < 5; i += 1) await one(); console.log('survived'); })();`;
    assert.deepEqual(inChild(script), { status: 0, signal: null, stdout: 'survived\n', stderr: '' });
  });
});
