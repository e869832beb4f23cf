import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon, type HostPool, type TaskDone } from '../../../src/daemon/devices/host-addon.js';
import { builds } from '../../support/addon-child.js';
import { kernelName, optionTask, price, type OptionTask } from '../../support/option-task.js';

const addon = loadHostAddon(join(builds, 'host.node'));
const rows = 100;
const none: TaskDone = () => undefined;

type Change = Partial<OptionTask> & { begin?: unknown; end?: unknown };

/** Calls `run` with one thing changed; `submit` of a pool must refuse the same with the same words. */
function refused(change: Change, expected: RegExp, kind: typeof TypeError | typeof RangeError = RangeError): void {
  const { kernel, params, inputs, outputs, begin, end } = {
    ...optionTask(addon, rows),
    begin: 0,
    end: rows,
    ...change,
  };
  const pool = addon.openPool({ name: 'refusing', threads: 1, niceness: 0 }, none);
  const call = (act: HostPool['submit']) => () =>
    act(1, kernel, params, inputs, outputs, begin as number, end as number);
  const check = (error: unknown) => error instanceof kind && expected.test(error.message);
  assert.throws(
    call((_, ...args) => addon.run(...args)),
    check,
  );
  assert.throws(
    call((...args) => pool.submit(...args)),
    check,
  );
  pool.close();
}

/** One element of the inputs or outputs replaced. */
function replaced<T>(list: readonly T[], index: number, value: T): T[] {
  return list.map((element, place) => (place === index ? value : element));
}

describe('host addon: facts', () => {
  it('says what it is', () => {
    assert.match(addon.version, /^\d+\.\d+\.\d+$/);
    assert.equal(addon.instructionSet, addon.instructionSets.at(-1));
    assert.notEqual(addon.cpuName, '');
    const kernel = addon.kernels.find(({ name }) => name === kernelName);
    assert.match(kernel!.digest, /^[0-9a-f]{16}$/);
    assert.deepEqual(kernel!.inputs, ['u8', ...Array<string>(6).fill('f64')]);
  });

  it('loads by absolute path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'acceld-addon-'));
    copyFileSync(join(builds, 'host.node'), join(folder, 'copy.node'));
    assert.equal(loadHostAddon(join(folder, 'copy.node')).version, addon.version);
    rmSync(folder, { recursive: true });
  });
});

describe('host addon: run', () => {
  it('computes the rows of the run and no other', () => {
    const task = optionTask(addon, rows);
    const flags = addon.run(task.kernel, task.params, task.inputs, task.outputs, 10, 90);
    assert.equal(flags, 0);
    task.prices.forEach((value, row) => {
      const inRun = row >= 10 && row < 90;
      assert.ok(inRun ? Math.abs(value - price) < 1e-12 : value === 0, `row ${row}: ${value}`);
    });
  });

  it('takes one element for every row', () => {
    const task = optionTask(addon, rows, { single: true });
    addon.run(task.kernel, task.params, task.inputs, task.outputs, 0, rows);
    assert.ok(task.prices.every((value) => Math.abs(value - price) < 1e-12));
  });

  it('takes bytes at any address, in and out', () => {
    const task = optionTask(addon, rows);
    const inputs = task.inputs.map((view) => {
      const bytes = Buffer.alloc(view.byteLength + 3).subarray(3);
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      return bytes;
    });
    const prices = new Uint8Array(rows * 8 + 1).subarray(1);
    addon.run(task.kernel, task.params, inputs, replaced(task.outputs, 0, prices), 0, rows);
    const view = new DataView(prices.buffer, prices.byteOffset);
    for (let row = 0; row < rows; row += 1) assert.ok(Math.abs(view.getFloat64(row * 8, true) - price) < 1e-12);
  });

  it('gives an output the same bits whatever else is wanted', () => {
    const task = optionTask(addon, rows);
    const strikes = Float64Array.from({ length: rows }, (_, row) => 50 + row);
    const wanted = (count: number): Float64Array[] => {
      const columns = task.outputs.map(() => new Float64Array(rows));
      const outputs = columns.map((column, index) => (index < count ? column : null));
      addon.run(task.kernel, task.params, replaced(task.inputs, 2, strikes), outputs, 0, rows);
      return columns.slice(0, count);
    };
    const all = wanted(task.outputs.length);
    assert.ok(all.every((column) => column.some((value) => value !== 0)));
    for (let count = 1; count < all.length; count += 1) assert.deepEqual(wanted(count), all.slice(0, count));
  });

  it('runs no row', () => {
    const task = optionTask(addon, rows);
    assert.equal(addon.run(task.kernel, task.params, task.inputs, task.outputs, 50, 50), 0);
    assert.ok(task.prices.every((value) => value === 0));
  });

  it('flags a value that is not finite', () => {
    const task = optionTask(addon, rows);
    // Gamma at the money at expiry.
    const inputs = replaced(task.inputs, 6, Float64Array.of(0));
    const withGamma = replaced(task.outputs, 2, new Float64Array(rows));
    assert.equal(addon.run(task.kernel, task.params, inputs, task.outputs, 0, rows), 0);
    assert.equal(addon.run(task.kernel, task.params, inputs, withGamma, 0, rows), 1);
  });
});

describe('host addon: refusals before anything runs', () => {
  const task = optionTask(addon, rows);
  const input = (value: unknown): Change => ({ inputs: replaced(task.inputs, 3, value as ArrayBufferView) });
  const output = (value: unknown): Change => ({ outputs: replaced(task.outputs, 0, value as ArrayBufferView) });

  it('a kernel that does not exist', () => {
    for (const kernel of [-1, 0.5, NaN, addon.kernels.length, 2 ** 32, '0', undefined]) {
      refused({ kernel: kernel as number }, /^kernel must be the index of a kernel, below \d+$/);
    }
  });

  it('parameters of another size or type', () => {
    refused({ params: new Uint8Array(3) }, /^params must hold 4 bytes, got 3$/);
    refused({ params: Float64Array.of(1) as unknown as Uint8Array }, /^params must be a Uint8Array$/, TypeError);
  });

  it('rows that are none', () => {
    const pairs = [
      [-1, 10],
      [5, 4],
      [0.5, 10],
      [0, NaN],
      [0, 2 ** 53],
      ['0', 10],
      [undefined, undefined],
    ];
    for (const [begin, end] of pairs) refused({ begin, end }, /^begin and end must be whole numbers/);
  });

  it('too few or too many columns', () => {
    refused({ inputs: task.inputs.slice(1) }, /^inputs must be an array of 7 views/);
    refused({ outputs: [...task.outputs, null] }, /^outputs must be an array of 9 views/);
    refused({ inputs: {} as ArrayBufferView[] }, /^inputs must be an array/);
  });

  it('inputs of another length', () => {
    refused(input(new Float64Array(12)), /^inputs\[3\] must hold 100 f64 or one, got 12$/);
    refused(input(new Float64Array(0)), /^inputs\[3\] must hold 100 f64 or one, got 0$/);
    refused(input(new Uint8Array(rows * 8 - 1)), /^inputs\[3\] must hold 100 f64 or one, got 799 bytes$/);
    refused(input(new Uint8Array(rows * 8 + 1)), /^inputs\[3\] must hold 100 f64 or one, got 801 bytes$/);
  });

  it('outputs of another length: one element is not enough', () => {
    refused(output(new Float64Array(1)), /^outputs\[0\] must hold 100 f64, got 1$/);
    refused(output(new Float64Array(rows - 1)), /^outputs\[0\] must hold 100 f64, got 99$/);
    refused(output(new Uint8Array(rows * 8 + 3)), /^outputs\[0\] must hold 100 f64, got 803 bytes$/);
  });

  it('views of another type', () => {
    const wrong = [new Float32Array(rows * 2), new BigInt64Array(rows), new DataView(new ArrayBuffer(rows * 8)), [], 1];
    for (const value of [...wrong, null]) refused(input(value), /^inputs\[3\] must be a view of f64$/, TypeError);
    for (const value of [...wrong, undefined]) {
      refused(output(value), /^outputs\[0\] must be null or a view of f64$/, TypeError);
    }
  });

  it('detached memory', () => {
    const detached = new Float64Array(rows);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    refused(input(detached), /^inputs\[3\] must hold 100 f64 or one, got 0$/);
    refused(output(detached), /^outputs\[0\] must hold 100 f64, got 0$/);
  });

  it('on another thread: memory that could shrink', () => {
    const resizable = Reflect.construct(ArrayBuffer, [rows * 8, { maxByteLength: rows * 16 }]) as ArrayBuffer;
    const pool = addon.openPool({ name: 'refusing', threads: 1, niceness: 0 }, none);
    const { inputs, outputs } = { ...task, ...input(new Float64Array(resizable)) };
    assert.throws(
      () => pool.submit(1, task.kernel, task.params, inputs, outputs, 0, rows),
      new TypeError('inputs[3] must not lie in a resizable ArrayBuffer'),
    );
    pool.close();
  });
});
