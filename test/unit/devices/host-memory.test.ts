// Memory without a name, descriptors on their way, and guards, as the addon gives them to JavaScript.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import {
  flagOutOfDomain,
  guardBlockRows,
  guardBlockShift,
  type HostAddon,
} from '../../../src/daemon/devices/host-addon.js';
import type { Guard } from '../../../src/daemon/base/plan.js';
import { builds } from '../../support/addon-child.js';
import { needs, notHere, runs } from '../../support/missing.js';
import { kernelName, optionTask } from '../../support/option-task.js';

const addon = createRequire(import.meta.url)(join(builds, 'host.node')) as HostAddon;
const descriptorOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

describe('memory of the addon', () => {
  it('gives pages back, whole and within its borders, until it is closed', async () => {
    const memory = await addon.createMemory(1 << 16);
    const bytes = new Uint8Array(memory.buffer).fill(7);
    assert.equal(memory.discard(1 << 14, 1 << 14), true);
    if (process.platform === 'linux') {
      assert.equal(512 * fstatSync(memory.descriptor).blocks, 3 << 14);
      assert.equal(bytes[1 << 14], 0);
    }
    assert.deepEqual([bytes[(1 << 14) - 1], bytes[1 << 15]], [7, 7]);
    for (const [offset, size] of [
      [-1, 4096],
      [0, 0],
      [0, (1 << 16) + 1],
      [1 << 16, 1],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(() => memory.discard(offset, size), RangeError);
    }
    await memory.close();
    assert.throws(() => memory.discard(0, 1), RangeError);
  });

  it('is zeros in whole pages, which its descriptor has too', async () => {
    const memory = await addon.createMemory(5000);
    assert.equal(memory.buffer.byteLength % 4096, 0);
    assert.ok(new Uint8Array(memory.buffer).every((byte) => byte === 0));
    assert.equal(fstatSync(memory.descriptor).size, memory.buffer.byteLength);
    await memory.close();
  });

  it('cannot be cut short by whoever has its descriptor', async function () {
    needs(this, 'python3', runs('python3', '--version'));
    const memory = await addon.createMemory(4096);
    const attempt =
      'import os\nfor size in (0, 65536):\n try:\n  os.ftruncate(3, size); print("changed")\n except OSError: pass';
    const { descriptor } = memory;
    const output = execFileSync('python3', ['-c', attempt], { stdio: ['ignore', 'pipe', 'inherit', descriptor] });
    assert.equal(output.toString(), '');
    await memory.close();
  });

  it('is empty for every view once it is closed, and its descriptor is free', async () => {
    const memory = await addon.createMemory(4096);
    const view = new Float64Array(memory.buffer);
    const closed = memory.close();
    assert.deepEqual([view.length, memory.buffer.byteLength], [0, 0]);
    await closed;
    assert.throws(() => fstatSync(memory.descriptor));
  });

  it('is refused in words, for odd sizes at once and for more than there is later', async () => {
    for (const bytes of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1])
      assert.throws(() => addon.createMemory(bytes), RangeError);
    assert.throws(() => addon.createMemory('1' as unknown as number), RangeError);
  });

  it('comes and goes without a trace', async function () {
    if (process.platform !== 'linux') notHere(this, 'there is no /proc to ask');
    // Memory is made and freed below other work: a busy machine takes its time.
    this.timeout(60_000);
    const count = (): number => Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
    for (let round = 0; round < 5; round += 1) await (await addon.createMemory(1 << 23)).close();
    const before = count();
    for (let round = 0; round < 20; round += 1) await (await addon.createMemory(1 << 23)).close();
    // In kilobytes; twenty memories would be 160 MB.
    assert.ok(count() - before < 65_536, `${count() - before} kB`);
  });

  it('is made while the event loop goes on', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const memory = await addon.createMemory(1 << 27);
    clearInterval(timer);
    assert.ok(turns >= 5, `${turns} turns`);
    await memory.close();
  });
});

describe('descriptors', () => {
  it('are sent with bytes over a Unix socket, and the receiver sees the memory', async function () {
    needs(this, 'python3', runs('python3', '--version'));
    const folder = mkdtempSync(join(tmpdir(), 'acceld-descriptor-'));
    const memory = await addon.createMemory(4096);
    new Uint8Array(memory.buffer).set([1, 2, 3]);
    const path = join(folder, 's');
    const server = createServer((socket) => {
      assert.equal(addon.sendDescriptor(descriptorOf(socket), memory.descriptor, Uint8Array.of(7)), true);
      socket.once('data', () => server.close());
    }).listen(path);
    await once(server, 'listening');
    const program = [
      'import mmap, socket, sys',
      's = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])',
      'data, descriptors, *_ = socket.recv_fds(s, 8, 2)',
      'memory = mmap.mmap(descriptors[0], 4096)',
      'print(list(data), len(descriptors), list(memory[:4])); memory[3] = 9; s.sendall(b"x")',
    ].join('\n');
    const { execFile } = await import('node:child_process');
    const output = await new Promise<string>((done, reject) =>
      execFile('python3', ['-c', program, path], (error, stdout) =>
        error ? reject(new Error(error.message)) : done(stdout),
      ),
    );
    assert.equal(output.trim(), '[7] 1 [1, 2, 3, 0]');
    assert.equal(new Uint8Array(memory.buffer)[3], 9);
    await memory.close();
    rmSync(folder, { recursive: true });
  });

  it('are not sent where nobody can take them', async () => {
    const memory = await addon.createMemory(4096);
    assert.equal(addon.sendDescriptor(memory.descriptor, memory.descriptor, Uint8Array.of(1)), false);
    assert.equal(addon.sendDescriptor(-1, memory.descriptor, Uint8Array.of(1)), false);
    assert.throws(() => addon.sendDescriptor(0, 0, new Uint8Array()), TypeError);
    await memory.close();
  });

  it('do not wait for a peer that does not read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'acceld-descriptor-'));
    const memory = await addon.createMemory(4096);
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket)).listen(join(folder, 's'));
    await once(server, 'listening');
    const client = connect(join(folder, 's')).pause();
    await once(client, 'connect');
    while (accepted.length === 0) await new Promise(setImmediate);
    const bytes = new Uint8Array(4096);
    let sent = 0;
    while (sent < 10_000 && addon.sendDescriptor(descriptorOf(accepted[0]!), memory.descriptor, bytes)) sent += 1;
    assert.ok(sent > 0 && sent < 10_000, `${sent} messages`);
    client.destroy();
    accepted[0]!.destroy();
    server.close();
    await memory.close();
    rmSync(folder, { recursive: true });
  });
});

describe('guards', () => {
  const rows = 2 * guardBlockRows + 3;
  const ranges = [[1, 2, 0], ...Array.from({ length: 6 }, () => [Number.NaN, 0, 0])];
  const guardOf = (change: Partial<Guard> = {}): Guard => ({
    domain: Float64Array.from(ranges.flat()),
    mask: null,
    codes: Array.from({ length: 9 }, () => null),
    ...change,
  });
  const run = (guard: unknown): number => {
    const { kernel, params, inputs, outputs } = optionTask(addon, rows);
    return addon.run(kernel, params, inputs, outputs, 0, rows, guard as Guard);
  };

  it('name the block of rows that has a value outside the domain', () => {
    const { kernel, params, inputs, outputs } = optionTask(addon, rows);
    assert.equal(addon.run(kernel, params, inputs, outputs, 0, rows, guardOf()), 0);
    (inputs[0] as Uint8Array)[guardBlockRows] = 3;
    const flags = addon.run(kernel, params, inputs, outputs, 0, rows, guardOf());
    assert.deepEqual([flags & flagOutOfDomain, flags >>> guardBlockShift], [flagOutOfDomain, 1]);
    assert.equal(addon.run(kernel, params, inputs, outputs, 0, guardBlockRows, guardOf()), 0);
  });

  it('store an output as codes', () => {
    const codes = new Uint8Array(rows).fill(255);
    assert.equal(run(guardOf({ codes: [codes, ...Array.from({ length: 8 }, () => null)] })), 0);
    // The price of optionTask, cut to a whole number.
    assert.ok(codes.every((code) => code === 10));
  });

  it('of a wrong form are refused before anything runs', () => {
    const short = new Uint8Array(4 * rows - 1);
    const odd: unknown[] = [
      {},
      1,
      null,
      guardOf({ domain: new Float64Array(20) }),
      guardOf({ domain: new Float64Array(22) }),
      guardOf({ domain: Float64Array.from([...ranges.flat(), 0, 3, 1]) }),
      guardOf({ domain: Float64Array.from([...ranges.flat(), 3, 7, 1]) }),
      guardOf({ domain: Float64Array.from([...ranges.flat(), 3.5, 4, 1]) }),
      guardOf({ domain: new Uint8Array(21) as unknown as Float64Array }),
      guardOf({ mask: short }),
      guardOf({ mask: new Float64Array(rows) as unknown as Uint8Array }),
      guardOf({ codes: [] }),
      guardOf({ codes: Array.from({ length: 9 }, () => new Uint8Array(rows)) }),
      guardOf({ codes: [new Uint8Array(rows - 1), ...Array.from({ length: 8 }, () => null)] }),
      { ...guardOf(), codes: undefined },
    ];
    const throwing = Object.defineProperty({}, 'domain', { get: () => assert.fail('the guard of a getter') });
    assert.throws(() => run(throwing), /getter/);
    for (const guard of odd) assert.throws(() => run(guard), /guard/, JSON.stringify(guard));
  });

  it('are refused by a kernel that judges nothing', () => {
    const kernel = addon.kernels.findIndex(({ name }) => name.startsWith('simulate'));
    const { paramsBytes, inputs, outputs } = addon.kernels[kernel]!;
    const columns = (elements: readonly string[]) => elements.map(() => new Uint8Array());
    assert.throws(
      () => addon.run(kernel, new Uint8Array(paramsBytes), columns(inputs), columns(outputs), 0, 0, guardOf()),
      /guard/,
    );
    assert.ok(addon.kernels.some(({ name }) => name === kernelName));
  });
});
