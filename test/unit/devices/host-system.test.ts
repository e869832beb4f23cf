import assert from 'node:assert/strict';
import { linkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { asOrdinaryUser, builds, inChild } from '../../support/addon-child.js';
import { kernelName } from '../../support/option-task.js';
import { scratchFolder } from '../../support/scratch-folder.js';

const addon = loadHostAddon(join(builds, 'host.node'));

describe('host addon: instruction sets', () => {
  const test = join(builds, 'host_test.node');
  const script = 'console.log(addon.version, addon.instructionSet)';

  for (const set of addon.instructionSets) {
    it(`a test build runs ${set} when told to`, () => {
      const { stdout } = inChild(script, { path: test, env: { ACCELD_FORCE_ISA: set } });
      assert.equal(stdout, `${addon.version}+test ${set}\n`);
    });
  }

  it('a test build refuses a set that it does not know', () => {
    const { status, stderr } = inChild(script, { path: test, env: { ACCELD_FORCE_ISA: 'x86-64-v9' } });
    assert.notEqual(status, 0);
    assert.match(stderr, /ACCELD_FORCE_ISA=x86-64-v9 is not one of: /);
  });

  it('a production build ignores the variable', () => {
    const { stdout } = inChild(script, { env: { ACCELD_FORCE_ISA: addon.instructionSets[0]! } });
    assert.equal(stdout, `${addon.version} ${addon.instructionSet}\n`);
  });

  if (addon.instructionSets.length > 1) {
    it('the forced set computes: the baseline is many times slower than the best, with the same bits', () => {
      const time = `
      const kernel = addon.kernels.findIndex(({ name }) => name === '${kernelName}'), rows = 20_000;
      const column = (value) => Float64Array.of(value);
      const inputs = [Uint8Array.of(1), ...[100, 100, 0.05, 0, 0.2, 1].map(column)];
      const outputs = addon.kernels[kernel].outputs.map(() => new Float64Array(rows));
      let best = Infinity;
      for (let i = 0; i < 5; i += 1) {
        const began = performance.now();
        addon.run(kernel, new Uint8Array([1, 0, 0, 0]), inputs, outputs, 0, rows);
        best = Math.min(best, performance.now() - began);
      }
      console.log(JSON.stringify({ best, values: outputs.map((column) => column[rows - 1]) }));`;
      const measure = (set: string) =>
        JSON.parse(inChild(time, { path: test, env: { ACCELD_FORCE_ISA: set } }).stdout) as {
          best: number;
          values: number[];
        };
      const [slow, fast] = [measure(addon.instructionSets[0]!), measure(addon.instructionSet)];
      assert.deepEqual(slow.values, fast.values);
      assert.ok(slow.best > 3 * fast.best, `${slow.best} ms and ${fast.best} ms`);
    });
  }
});

describe('host addon: system calls', () => {
  const folder = (): string => scratchFolder('addon');

  it('knows the peer of a Unix socket', async () => {
    const path = join(folder(), 'socket');
    const server = createServer();
    const accepted = new Promise<Socket>((done) => server.on('connection', done));
    await new Promise<void>((done) => server.listen(path, done));
    const client = connect(path);
    const socket = await accepted;
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const expected = { uid: process.getuid!(), gid: process.getgid!(), pid: process.pid };
    assert.deepEqual(addon.peerCredentials(fd), expected);
    client.destroy();
    socket.destroy();
    server.close();
  });

  it('knows no peer of a TCP socket, a file or a closed descriptor', async () => {
    const server = createServer();
    const accepted = new Promise<Socket>((done) => server.on('connection', done));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const socket = await accepted;
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    for (const descriptor of [fd, 987_654, -1]) assert.equal(addon.peerCredentials(descriptor), null);
    client.destroy();
    socket.destroy();
    server.close();
  });

  it('locks a file against every other process, until this one ends', () => {
    const path = join(folder(), 'lock');
    const take = `console.log(addon.lockFile(${JSON.stringify(path)}))`;
    assert.equal(inChild(take).stdout, 'true\n');
    assert.equal(addon.lockFile(path), true);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(inChild(take).stdout, 'false\n');
  });

  it('locks no link, no second name of a file, nothing but a file', () => {
    const place = folder();
    writeFileSync(join(place, 'file'), '');
    symlinkSync(join(place, 'file'), join(place, 'link'));
    linkSync(join(place, 'file'), join(place, 'twin'));
    for (const name of ['link', 'twin', '.', 'absent/lock'])
      assert.throws(() => addon.lockFile(join(place, name)), Error);
    assert.throws(() => addon.lockFile(`${place}/cut\0short`), TypeError);
  });

  if (process.platform === 'linux') {
    it('hardens: no core dumps, no reading of its memory by others of its user', () => {
      const script = `
      const { readFileSync, statSync } = require('fs');
      // Memory that only root may read belongs to root.
      const owner = () => statSync('/proc/self/mem').uid;
      const before = owner();
      const refused = addon.harden();
      const core = /Max core file size +(\\S+) +(\\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
      console.log(JSON.stringify({ before, refused, soft: core[1], hard: core[2], after: owner() }));`;
      const user = asOrdinaryUser();
      const result = JSON.parse(inChild(script, user).stdout) as unknown;
      assert.deepEqual(result, { before: user.uid, refused: [], soft: '0', hard: '0', after: 0 });
    });
  }
});
