import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { loadHostAddon, type WorkerLink } from '../../../src/daemon/devices/host-addon.js';
import { builds, inChild } from '../../support/addon-child.js';
import { eventually } from '../../support/eventually.js';

const addon = loadHostAddon(join(builds, 'host.node'));
const descriptors = (): number => readdirSync('/dev/fd').length;

describe('link to a worker', () => {
  let link: WorkerLink;
  const received = new Uint8Array(1024);
  afterEach(() => link.close());

  /** A program with the link as its descriptor 3, and all that came from it; undefined at its end. */
  function open(script: string): (string | undefined)[] {
    const heard: (string | undefined)[] = [];
    link = addon.openWorkerLink(received, (count) =>
      heard.push(count === 0 ? undefined : Buffer.from(received.subarray(0, count)).toString()),
    );
    spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit', link.remote] });
    link.closeRemote();
    return heard;
  }
  const send = (text: string): boolean => link.send(Buffer.from(text), text.length, -1);

  it('carries bytes both ways and says when the other end is closed', async () => {
    const heard = open('read line <&3; echo "heard $line" >&3');
    assert.equal(send('hello\n'), true);
    await eventually(() => assert.deepEqual(heard, ['heard hello\n', undefined]));
    assert.equal(send('hello\n'), false);
  });

  it('carries a descriptor', async () => {
    const memory = await addon.createMemory(1);
    // No shell receives descriptors: it is enough that the system takes it.
    open('sleep 1');
    assert.equal(link.send(Buffer.from('x'), 1, memory.descriptor), true);
    assert.equal(link.send(Buffer.from('x'), 1, 9999), false);
    await memory.close();
  });

  it('takes nothing more, instead of waiting, from a program that does not read', () => {
    open('sleep 1');
    const frame = new Uint8Array(1000);
    let sent = 0;
    while (sent < 100_000 && link.send(frame, frame.length, -1)) sent += 1;
    assert.ok(sent > 64 && sent < 100_000, `${sent} frames`);
  });

  it('leaves no descriptor, whoever closes first', async () => {
    open('true');
    link.close();
    const before = descriptors();
    for (let i = 0; i < 50; i += 1) {
      const heard = open('true');
      if (i % 2 === 0) await eventually(() => assert.deepEqual(heard, [undefined]));
      link.close();
      link.close();
      assert.equal(send('x'), false);
    }
    await eventually(() => assert.ok(descriptors() <= before));
  });

  it('may be closed by whoever hears from it', async () => {
    let calls = 0;
    link = addon.openWorkerLink(received, () => {
      calls += 1;
      link.close();
    });
    spawn('/bin/sh', ['-c', 'echo 1 >&3; sleep 0.05; echo 2 >&3'], {
      stdio: ['ignore', 'ignore', 'ignore', link.remote],
    });
    link.closeRemote();
    await eventually(() => assert.equal(calls, 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(calls, 1);
  });

  it('refuses what is no frame', () => {
    open('true');
    const call = link.send.bind(link) as (...values: unknown[]) => unknown;
    const frame = new Uint8Array(8);
    for (const values of [
      [],
      ['text', 4, -1],
      [frame, 0, -1],
      [frame, 9, -1],
      [frame, 8],
      [new Float64Array(1), 8, -1],
    ]) {
      assert.throws(() => call(...values), TypeError);
    }
    const openLink = addon.openWorkerLink.bind(addon) as (...values: unknown[]) => unknown;
    for (const values of [[], [new Uint8Array(0), () => undefined], [received, 1]]) {
      assert.throws(() => openLink(...values), TypeError);
    }
  });
});

describe('link to a worker in a thread that ends', () => {
  it('ends with it', () => {
    const script = `
      const { Worker, isMainThread } = require('worker_threads');
      const source = 'const addon = require(' + JSON.stringify(process.env.ADDON) + ');' +
        'addon.openWorkerLink(new Uint8Array(64), () => undefined); setTimeout(() => process.exit(), 20);';
      let left = 20;
      const next = () => left-- === 0 ? console.log('done') : new Worker(source, { eval: true }).once('exit', next);
      next();`;
    const { status, stdout, stderr } = inChild(script, { env: { ADDON: join(builds, 'host.node') } });
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'done\n' }, stderr);
  });

  it('lets an exception of whoever hears from it end the process, as any other', () => {
    const script = `
      const link = addon.openWorkerLink(new Uint8Array(64), () => { throw new Error('heard'); });
      require('child_process').spawn('/bin/sh', ['-c', 'echo >&3'], { stdio: ['ignore', 'ignore', 'ignore', link.remote] });`;
    const { status, stderr } = inChild(script);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /Error: heard/);
  });
});
