// Shared memory from a client's side: src/daemon/rpc/memory-service.ts, src/daemon/rpc/descriptor-socket.ts.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, OptionModel, OptionType } from '../../src/client/index.js';
import { catalog } from '../../src/gen/catalog.js';
import {
  CreateRegionRequest,
  CreateRegionResponse,
  DownloadRequest,
  DownloadResponse,
  ListRegionsResponse,
  ReleaseRegionRequest,
  UploadRequest,
  UploadResponse,
} from '../../src/gen/acceld/v1/memory_service.js';
import { PriceOptionsResponse } from '../../src/gen/acceld/v1/price_options.js';
import { DataType, type RegionSlice, type Tensor } from '../../src/gen/acceld/v1/tensor.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { needs, runs } from '../support/missing.js';
import { encoded, f64, numbers, pricePath } from '../support/pricing.js';
import { RawClient, type Answer } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';

const { memory } = catalog;
const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
/** Debian's own: grpcio is a package of it. */
const python = '/usr/bin/python3';
const hasPython = (): boolean => runs(python, '-c', 'import grpc');

type Created = CreateRegionResponse;

async function create(client: RawClient, bytes: number): Promise<Created> {
  const answer = await client.call(memory.createRegion.path, CreateRegionRequest.encode({ bytes }).finish());
  assert.equal(answer.status, 'OK', answer.message);
  return CreateRegionResponse.decode(answer.bytes);
}

const release = (client: RawClient, { regionId, token }: Pick<Created, 'regionId' | 'token'>): Promise<Answer> =>
  client.call(memory.releaseRegion.path, ReleaseRegionRequest.encode({ regionId, token }).finish());

async function list(client: RawClient): Promise<ListRegionsResponse> {
  const answer = await client.call(memory.listRegions.path, new Uint8Array());
  assert.equal(answer.status, 'OK', answer.message);
  return ListRegionsResponse.decode(answer.bytes);
}

const sliceOf = ({ regionId, token }: Created, offset: number, bytes: number): RegionSlice => ({
  regionId,
  token,
  offset,
  bytes,
});

/** Writes `data` in messages of a megabyte. */
function upload(client: RawClient, { regionId, token }: Created, offset: number, data: Uint8Array): Promise<Answer> {
  const piece = 1 << 20;
  const messages = Array.from({ length: Math.max(1, Math.ceil(data.length / piece)) }, (_, index) =>
    UploadRequest.encode({
      ...(index === 0 ? { regionId, token } : { regionId: '', token: new Uint8Array() }),
      offset: offset + index * piece,
      data: data.subarray(index * piece, (index + 1) * piece),
    }).finish(),
  );
  return client.send(memory.upload.path, messages);
}

async function download(client: RawClient, slice: RegionSlice): Promise<{ status: string; bytes: Buffer }> {
  const pieces: Buffer[] = [];
  let expected = slice.offset;
  const request = DownloadRequest.encode({ slice }).finish();
  const { ended } = client.watch(memory.download.path, request, (message) => {
    const { offset, data } = DownloadResponse.decode(message);
    assert.equal(offset, expected);
    expected += data.length;
    pieces.push(Buffer.from(data));
  });
  return { status: await ended, bytes: Buffer.concat(pieces) };
}

describe('regions', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon;
  let client: RawClient;
  before(async () => {
    const memory = '{budget_bytes: 134217728, caller_bytes: 67108864}';
    daemon = await startDaemon({
      args: ['--tcp-port', '0'],
      config: `memory: ${memory}\ngpu: {enabled: false}\nruntime: {allow_eol: true}\n`,
    });
    client = new RawClient(daemon.socket);
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
  });
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();

  afterEach(async () => {
    assert.deepEqual((await list(client)).regions, []);
    assert.equal((await list(client)).callerBytes, 0);
    const text = await metrics();
    assert.match(text, /^acceld_regions 0$/m);
    assert.match(text, /^acceld_memory_bytes\{kind="region"\} 0$/m);
    await assertUnharmed(daemon, { connections: 1 });
  });

  it('are mapped by a program in another language, which prices a chain in one', async function () {
    needs(this, 'python3-grpcio', hasPython());
    const { stdout } = await promisify(execFile)(python, [pathOf('examples/python/region.py'), daemon.socket]);
    const [first, last] = stdout.split(/\s+/).map(Number);
    // Computed with scipy.stats.norm: a call struck at 50, and a put struck at 149.999.
    assert.ok(Math.abs(first! - 50.735752735372564) < 1e-10, stdout);
    assert.ok(Math.abs(last! - 46.81085888391936) < 1e-10, stdout);
    assert.match(stdout, /^40 bytes copied, 2100000 bytes shared$/m);
  });

  it('are written and read by clients that cannot map, and priced beyond the rows of a message', async () => {
    const rows = 150_000;
    const region = await create(client, 8 * 2 * rows + 4 * rows);
    const strikes = Float64Array.from({ length: rows }, (_, row) => 50 + row / 1000);
    const strikeBytes = new Uint8Array(strikes.buffer);
    const uploaded = await upload(client, region, 0, strikeBytes);
    assert.equal(UploadResponse.decode(uploaded.bytes).bytes, 8 * rows, uploaded.message);
    const back = await download(client, sliceOf(region, 8, 8 * rows - 16));
    assert.equal(back.status, 'OK');
    assert.ok(back.bytes.equals(strikeBytes.subarray(8, 8 * rows - 8)));

    const strike: Tensor = {
      dtype: DataType.DATA_TYPE_F64,
      shape: [rows],
      data: new Uint8Array(),
      region: sliceOf(region, 0, 8 * rows),
    };
    const outputs = new Map([
      ['price', sliceOf(region, 8 * rows, 8 * rows)],
      ['undefined', sliceOf(region, 16 * rows, 4 * rows)],
    ]);
    const answer = await client.call(pricePath, encoded({ strike, outputs }));
    assert.equal(answer.status, 'OK', answer.message);
    const reply = PriceOptionsResponse.decode(answer.bytes);
    assert.equal(reply.price?.region?.token.length, 0);
    assert.equal(reply.receipt?.bytesShared, 20 * rows);
    const priced = await download(client, sliceOf(region, 8 * rows, 8 * rows));
    const inRegion = new Float64Array(Uint8Array.from(priced.bytes).buffer);
    const sample = [0, 1, 65_536, rows - 1];
    const inline = await client.call(pricePath, encoded({ strike: f64(...sample.map((row) => strikes[row]!)) }));
    assert.deepEqual(
      sample.map((row) => inRegion[row]),
      [...numbers(PriceOptionsResponse.decode(inline.bytes).price)],
    );
    assert.match(await metrics(), /^acceld_bytes_shared_total\{operation="price-options"[^\n]* [1-9]/m);
    assert.equal((await release(client, region)).status, 'OK');
  });

  it('are unknown with another id, another token, to another caller, and once released', async () => {
    const region = await create(client, 4096);
    const stranger = new RawClient(`127.0.0.1:${daemon.tcpPort}`);
    try {
      const wrongToken = { ...region, token: Buffer.from(region.token).fill(0) };
      const wrongId = { ...region, regionId: `${region.regionId}0` };
      const slice = (of: Created) => ({ ...f64(1), data: new Uint8Array(), region: sliceOf(of, 0, 8) });
      for (const [who, what] of [
        [client, wrongToken],
        [client, wrongId],
        [client, { ...region, regionId: '__proto__' }],
        [stranger, region],
      ] as const) {
        for (const answer of [
          await release(who, what),
          await upload(who, what, 0, Uint8Array.of(1)),
          await who.call(pricePath, encoded({ strike: slice(what) })),
        ]) {
          assert.deepEqual([answer.status, answer.info?.reason], ['NOT_FOUND', 'REGION_UNKNOWN']);
          assert.ok(!answer.message.includes(region.regionId), 'a fault says nothing of a region');
        }
        assert.equal((await download(who, sliceOf(what, 0, 8))).status, 'NOT_FOUND');
      }
      assert.deepEqual((await list(stranger)).regions, []);
      await release(client, region);
      assert.equal((await release(client, region)).status, 'NOT_FOUND');
    } finally {
      stranger.close();
    }
  });

  it('keep calls inside their borders', async () => {
    const region = await create(client, 4096);
    const end = region.bytes;
    const strike = (offset: number, bytes = 8) => ({
      ...f64(1),
      data: new Uint8Array(),
      region: sliceOf(region, offset, bytes),
    });
    const fieldsOf = async (tensor: Tensor): Promise<string[]> => {
      const answer = await client.call(pricePath, encoded({ strike: tensor }));
      assert.equal(answer.status, 'INVALID_ARGUMENT');
      return answer.violations.map(({ field }) => field);
    };
    assert.deepEqual(await fieldsOf(strike(end - 7)), ['strike.region.offset']);
    assert.deepEqual(await fieldsOf(strike(Number.MAX_SAFE_INTEGER)), ['strike.region.offset']);
    assert.deepEqual(await fieldsOf(strike(0, 16)), ['strike.region.bytes']);
    assert.deepEqual(await fieldsOf(strike(0, Number.MAX_SAFE_INTEGER)), ['strike.region.bytes']);
    assert.equal((await upload(client, region, end - 1, Uint8Array.of(1, 2))).status, 'INVALID_ARGUMENT');
    assert.equal((await download(client, sliceOf(region, 1, end))).status, 'INVALID_ARGUMENT');
    assert.equal((await upload(client, region, end - 2, Uint8Array.of(1, 2))).status, 'OK');
    assert.deepEqual([...(await download(client, sliceOf(region, end - 3, 3))).bytes], [0, 1, 2]);
    assert.deepEqual(await download(client, sliceOf(region, end, 0)), { status: 'OK', bytes: Buffer.alloc(0) });
    await release(client, region);
  });

  it('name rows whose values are out of range', async () => {
    const region = await create(client, 8 * 3000);
    const strikes = new Float64Array(3000).fill(100);
    strikes[2999] = -5;
    await upload(client, region, 0, new Uint8Array(strikes.buffer));
    const strike = { ...f64(1), shape: [3000], data: new Uint8Array(), region: sliceOf(region, 0, 8 * 3000) };
    const answer = await client.call(pricePath, encoded({ strike }));
    assert.deepEqual([answer.status, answer.violations[0]?.field], ['INVALID_ARGUMENT', 'strike.data[2999]']);
    await release(client, region);
  });

  it('are refused with the budget and its use', async () => {
    const first = await create(client, 48 << 20);
    const request = CreateRegionRequest.encode({ bytes: 32 << 20 }).finish();
    const answer = await client.call(memory.createRegion.path, request);
    assert.deepEqual([answer.status, answer.info?.reason], ['RESOURCE_EXHAUSTED', 'MEMORY_EXCEEDED']);
    assert.match(answer.quota[0]!.subject, /^caller:/);
    assert.match(answer.quota[0]!.description, /50331648 in use and 33554432 more would exceed 67108864/);
    assert.ok(answer.retry);
    for (const bytes of [0, 2 ** 31 + 1]) {
      const odd = await client.call(memory.createRegion.path, CreateRegionRequest.encode({ bytes }).finish());
      assert.deepEqual([odd.status, odd.violations[0]?.field], ['INVALID_ARGUMENT', 'bytes']);
    }
    await release(client, first);
    const again = await create(client, 32 << 20);
    assert.notEqual(again.regionId, first.regionId);
    // A page of the region before would show what its owner wrote.
    assert.ok((await download(client, sliceOf(again, 0, 1 << 20))).bytes.every((byte) => byte === 0));
    await release(client, again);
  });

  it('tell a client of TCP why it cannot map them, and serve it all the same', async () => {
    const remote = new RawClient(`127.0.0.1:${daemon.tcpPort}`);
    try {
      const region = await create(remote, 4096);
      assert.equal(region.descriptorSocket, '');
      assert.match(region.unmappableReason, /TCP.*Upload and Download/);
      assert.equal((await upload(remote, region, 0, Uint8Array.of(7))).status, 'OK');
      assert.deepEqual([...(await download(remote, sliceOf(region, 0, 1))).bytes], [7]);
      // The Unix socket is another caller, whatever it knows.
      assert.deepEqual(await askForDescriptor(region), [0, 0, 0, 0, 0, 0, 0, 0]);
      assert.equal((await release(remote, region)).status, 'OK');
    } finally {
      remote.close();
    }
  });

  /** What the descriptor socket answers; Node drops a descriptor that comes with it. */
  async function askForDescriptor({ regionId, token }: Pick<Created, 'regionId' | 'token'>): Promise<number[]> {
    const socket = connectSocket(join(dirname(daemon.socket), 'acceld.sock.fd'));
    socket.write(Buffer.concat([Buffer.of(regionId.length), Buffer.from(regionId), token]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return [...answer];
  }

  it('are handed over by the descriptor socket with their size, and to nobody with a wrong token', async () => {
    const region = await create(client, 4096);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(region.bytes));
    assert.deepEqual(await askForDescriptor(region), [...size]);
    assert.deepEqual(await askForDescriptor({ ...region, token: Buffer.alloc(16) }), Array(8).fill(0));
    assert.deepEqual(await askForDescriptor({ ...region, regionId: '' }), Array(8).fill(0));
    await release(client, region);
    assert.deepEqual(await askForDescriptor(region), Array(8).fill(0));
  });

  it('stay in their borders and harm nobody while their bytes are flipped in a tight loop', async function () {
    needs(this, 'python3-grpcio', hasPython());
    const { stdout } = await promisify(execFile)(python, [
      pathOf('test/support/python/region_client.py'),
      'scribble',
      daemon.socket,
      '30',
    ]);
    assert.match(stdout, /^(INVALID_ARGUMENT )?(OK )?60$/m);
    // The program released nothing: its region ends with its lease.
    await eventually(async () => assert.equal((await list(client)).regions.length, 0), 20_000);
  });

  it('outlive a client that was killed by the lease, and leave no descriptor', async function () {
    needs(this, 'python3-grpcio', hasPython());
    const descriptors = (): number => (process.platform === 'linux' ? readdirSync(`/proc/${daemon.pid}/fd`).length : 0);
    const before = descriptors();
    const program = [pathOf('test/support/python/region_client.py'), 'hold', daemon.socket];
    const child = spawn(python, program, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal((await list(client)).regions[0]?.regionId, line.toString().trim());
    child.kill('SIGKILL');
    const killedMs = performance.now();
    await eventually(async () => assert.equal((await list(client)).regions[0]?.connections, 0));
    await eventually(async () => assert.equal((await list(client)).regions.length, 0), 20_000);
    const livedMs = performance.now() - killedMs;
    assert.ok(livedMs > 9_500 && livedMs < 15_000, `${livedMs} ms`);
    assert.match(await metrics(), /acceld_regions_ended_total\{reason="lease-ended"\} [1-9]/);
    assert.match(daemon.output(), /"owner":"uid:\d+","bytes":1048576,"reason":"lease-ended"/);
    await eventually(() => assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`));
  });

  it('live on for a client that connects again and uses them', async () => {
    const first = new RawClient(daemon.socket);
    const region = await create(first, 4096);
    await upload(first, region, 0, Uint8Array.of(5));
    first.close();
    await eventually(async () => assert.equal((await list(client)).regions[0]?.connections, 0));
    const second = new RawClient(daemon.socket);
    assert.deepEqual([...(await download(second, sliceOf(region, 0, 1))).bytes], [5]);
    assert.equal((await list(client)).regions[0]?.connections, 1);
    await release(second, region);
    second.close();
  });

  it('are filled, priced and read by the TypeScript client, in a session too', async () => {
    const sdk = connect({ socket: daemon.socket });
    const rows = 100_000;
    const region = await sdk.region(8 * 2 * rows + 4 * rows);
    const strikes = Float64Array.from({ length: rows }, (_, row) => 50 + row / 1000);
    await region.write(strikes);
    const contract = {
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      rate: 0.05,
      volatility: 0.2,
      yearsToExpiry: 1,
    };
    const outputs = new Map([
      ['price', region.slice(8 * rows, 8 * rows)],
      ['undefined', region.slice(16 * rows, 4 * rows)],
    ]);
    const inline = await sdk.pricing.priceOptions({ ...contract, strike: strikes });
    for (const services of [sdk, sdk.session()]) {
      const strike = region.column('f64', 0, rows);
      const reply = await services.pricing.priceOptions({ ...contract, strike, outputs });
      assert.deepEqual([reply.price, reply.inRegions, reply.receipt.bytesShared], [undefined, ['price'], 20 * rows]);
      const prices = new Float64Array((await region.read(8 * rows, 8 * rows)).buffer);
      assert.deepEqual(prices, inline.price);
      await region.write(new Float64Array(rows), 8 * rows);
    }
    assert.equal(inline.receipt.bytesCopied > 16 * rows, true);
    await assert.rejects(region.write(strikes, region.bytes - 8), { code: 'INVALID_INPUT' });
    await assert.rejects(region.read(region.bytes, 1), { code: 'INVALID_INPUT' });
    await region.write(new Uint8Array());
    assert.deepEqual(await region.read(0, 0), new Uint8Array());
    const cancelled = AbortSignal.abort();
    await assert.rejects(region.write(strikes, 0, { signal: cancelled }), { code: 'CANCELLED' });
    await region.release();
    await assert.rejects(region.read(0, 1), { code: 'REGION_UNKNOWN' });
    sdk.close();
  });

  it('are read in a session whose client reads slowly, beside other calls', async () => {
    const sdk = connect({ socket: daemon.socket });
    const session = sdk.session();
    const region = await sdk.region(8 << 20);
    const { regionId, token } = region.slice(0, 0);
    const slice = { regionId, token, offset: 0, bytes: 8 << 20 };
    let bytes = 0;
    for await (const { data } of session.memory.download({ slice })) {
      bytes += data.length;
      await session.admin.getStatus();
    }
    assert.equal(bytes, 8 << 20);
    await region.release();
    sdk.close();
  });
});
