// Bytes of honest HTTP/2 connections, broken at random, against the daemon's socket, beside a caller that must not notice.
// FUZZ_SECONDS sets the time, FUZZ_SEED repeats a run.
import assert from 'node:assert/strict';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { catalog } from '../../src/gen/catalog.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { encoded, f64, heavy, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { scratch } from '../support/start.js';
import { assertServes, assertUnharmed, statusOf } from '../support/unharmed.js';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 20);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() & 0x7fff_ffff);
const connectionsAtOnce = 8;
/** A connection that the daemon keeps open, waiting for the rest of a frame, is given up after so long. */
const connectionMsMax = 50;
/** Semi-spaces of 64 MB may fill before they are collected. */
const grownBytesMax = 300e6;

/** mulberry32: small, seeded, and good enough to choose bytes. */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The bytes that a client sends for `work`, recorded on their way to the daemon. */
async function record(daemon: RunningDaemon, work: (client: RawClient) => Promise<unknown>): Promise<Buffer> {
  const { path, remove } = scratch();
  const pieces: Buffer[] = [];
  const proxy = createServer((client) => {
    const server = connectSocket(daemon.socket);
    client
      .on('data', (piece) => pieces.push(piece))
      .pipe(server)
      .pipe(client);
    for (const end of [client, server]) end.on('error', () => undefined);
  });
  await new Promise<void>((listening) => proxy.listen(join(path, 's'), listening));
  const client = new RawClient(join(path, 's'));
  await work(client);
  client.close();
  await new Promise((closed) => proxy.close(closed));
  remove();
  return Buffer.concat(pieces);
}

type Random = ReturnType<typeof randomOf>;
type Mutation = (bytes: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer;

const cutAt = (bytes: Buffer, random: Random): [Buffer, Buffer, Buffer] => {
  const begin = random(bytes.length + 1);
  const end = Math.min(bytes.length, begin + 1 + random(64));
  return [bytes.subarray(0, begin), bytes.subarray(begin, end), bytes.subarray(end)];
};

const mutations: readonly Mutation[] = [
  function flip(bytes, random) {
    const copy = Buffer.from(bytes);
    for (let count = 1 + random(8); count > 0 && copy.length > 0; count -= 1) {
      copy[random(copy.length)]! ^= 1 << random(8);
    }
    return copy;
  },
  function overwrite(bytes, random) {
    const [head, middle, tail] = cutAt(bytes, random);
    return Buffer.concat([head, Buffer.from(middle.map(() => random(256))), tail]);
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random(bytes.length + 1));
  },
  function repeat(bytes, random) {
    const [head, middle, tail] = cutAt(bytes, random);
    return Buffer.concat([head, ...Array<Buffer>(1 + random(50)).fill(middle), tail]);
  },
  function remove(bytes, random) {
    const [head, , tail] = cutAt(bytes, random);
    return Buffer.concat([head, tail]);
  },
  function splice(bytes, random, seeds) {
    const other = seeds[random(seeds.length)]!;
    return Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length))]);
  },
];

/** HTTP/2's opening: without it the daemon closes at once, so most attempts keep it whole. */
const prefaceBytes = 24;

function mutated(seeds: readonly Buffer[], random: Random): Buffer {
  const original = seeds[random(seeds.length)]!;
  const kept = random(20) === 0 ? 0 : prefaceBytes;
  let bytes = original.subarray(kept);
  for (let count = 1 + random(4); count > 0; count -= 1)
    bytes = mutations[random(mutations.length)]!(bytes, random, seeds);
  return Buffer.concat([original.subarray(0, kept), bytes]);
}

function attack(path: string, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket: Socket = connectSocket(path);
    const timer = setTimeout(() => socket.destroy(), connectionMsMax);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      done();
    });
    socket.resume();
    socket.write(bytes);
  });
}

describe('fuzz', function () {
  this.timeout((seconds + 60) * 1e3);
  let daemon: RunningDaemon;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon.stop());

  it(`outlives ${seconds} s of broken connections (FUZZ_SEED=${seed})`, async () => {
    const seeds = await Promise.all([
      record(daemon, (client) => client.call(pricePath, encoded())),
      record(daemon, (client) =>
        client.call(pricePath, encoded({ spot: f64(NaN) }), { headers: { 'x-request-id': 'a' } }),
      ),
      record(daemon, (client) => Promise.all([1, 2, 3].map(() => client.call(pricePath, heavy(2, 1000))))),
      record(daemon, (client) => client.call(catalog.admin.getStatus.path, new Uint8Array())),
      record(daemon, (client) => client.call('/grpc.health.v1.Health/Check', new Uint8Array())),
    ]);
    assert.ok(seeds.every((bytes) => bytes.length > 100 && bytes.toString('latin1', 0, 3) === 'PRI'));
    const healthy = new RawClient(daemon.socket);
    await assertServes(healthy);
    const { residentBytes: before } = await statusOf(healthy);
    const endMs = performance.now() + seconds * 1e3;
    let attempts = 0;
    const attackUntilEnd = async (lane: number): Promise<void> => {
      const random = randomOf(seed + lane);
      for (; performance.now() < endMs; attempts += 1) await attack(daemon.socket, mutated(seeds, random));
    };
    const attackers = Array.from({ length: connectionsAtOnce }, (_, lane) => attackUntilEnd(lane));
    let served = 0;
    for (; performance.now() < endMs; served += 1) await assertServes(healthy);
    await Promise.all(attackers);
    const grownBytes = (await statusOf(healthy)).residentBytes - before;
    healthy.close();
    await assertUnharmed(daemon);
    console.log(
      `      ${attempts} broken connections, ${served} calls served, memory grew ${Math.round(grownBytes / 1e6)} MB`,
    );
    assert.ok(attempts > seconds * 10 && served > seconds * 10, `${attempts} attempts, ${served} calls`);
    assert.ok(grownBytes < grownBytesMax, `grew ${grownBytes} bytes`);
  });
});
