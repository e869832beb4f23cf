// The terms of a call: what was asked for is kept, or refused, or the receipt says what was done instead.
import assert from 'node:assert/strict';
import { Device, ExecutionOptions, Fallback, Precision, type Priority } from '../../src/gen/acceld/v1/execution.js';
import { PriceOptionsResponse } from '../../src/gen/acceld/v1/price_options.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { encoded, everyValue, f32, numbers, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { assertUnharmed, statusOf } from '../support/unharmed.js';

const absent = { GPU: Device.DEVICE_GPU, 'Neural Engine': Device.DEVICE_NEURAL_ENGINE } as const;

describe('execution', () => {
  let daemon: RunningDaemon;
  let client: RawClient;
  before(async () => {
    daemon = await startDaemon();
    client = new RawClient(daemon.socket);
  });
  afterEach(() => assertUnharmed(daemon, { connections: 1 }));
  after(async () => {
    client.close();
    await daemon.stop();
  });

  const call = (terms: Partial<ExecutionOptions>, fields = {}) =>
    client.call(pricePath, encoded({ execution: ExecutionOptions.fromPartial(terms), ...fields }));

  async function reply(terms: Partial<ExecutionOptions>, fields = {}) {
    const answer = await call(terms, fields);
    assert.equal(answer.status, 'OK', answer.message);
    const { receipt, ...columns } = PriceOptionsResponse.decode(answer.bytes);
    assert.ok(receipt);
    return { receipt, columns };
  }

  it('fills a receipt with what ran where', async () => {
    const { receipt } = await reply({});
    const { devices } = await statusOf(client);
    const [cpu] = devices;
    assert.equal(receipt.device, Device.DEVICE_CPU);
    assert.equal(receipt.deviceName, cpu?.name);
    assert.equal(receipt.engine, 'own');
    assert.equal(receipt.precision, Precision.PRECISION_F64);
    assert.equal(receipt.reproducible, true);
    assert.equal(receipt.kernelDigest, cpu?.kernels.find(({ name }) => name === 'price-options-f64')?.digest);
    assert.match(receipt.kernelDigest, /^[0-9a-f]{16}$/);
    assert.equal(receipt.fallback, undefined);
    assert.equal(receipt.batchSize, 1);
    assert.equal(receipt.allowance, 'normal');
    assert.ok(receipt.computeNs > 0 && receipt.totalNs >= receipt.queueNs, JSON.stringify(receipt));
    assert.deepEqual(receipt.quotaLeft?.requests, 1023);
  });

  for (const [name, device] of Object.entries(absent)) {
    it(`falls back from the ${name} and says so`, async () => {
      const { receipt, columns } = await reply({ device }, { values: [...everyValue] });
      assert.equal(receipt.device, Device.DEVICE_CPU);
      assert.equal(receipt.fallback?.from, device);
      assert.match(receipt.fallback.reason, new RegExp(`no ${name}`));
      assert.deepEqual(columns, (await reply({}, { values: [...everyValue] })).columns, 'a fallback changes no answer');
    });

    it(`refuses where the ${name} is a must`, async () => {
      const answer = await call({ device, fallback: Fallback.FALLBACK_FORBID });
      assert.equal(answer.status, 'FAILED_PRECONDITION');
      assert.equal(answer.info?.reason, 'DEVICE_ABSENT');
      assert.equal(answer.info.metadata.get('retryable'), 'false');
      assert.match(answer.message, new RegExp(`${name}.*fallback is forbidden`));
      assert.equal(answer.receipt?.requestId, answer.requestId);
    });
  }

  it('takes no fallback where none is needed', async () => {
    const { receipt } = await reply({ device: Device.DEVICE_CPU, fallback: Fallback.FALLBACK_FORBID });
    assert.equal(receipt.fallback, undefined);
  });

  it('predicts the receipt without computing under validate_only', async () => {
    const { receipt, columns } = await reply({ validateOnly: true, device: Device.DEVICE_GPU });
    assert.ok(Object.values(columns).every((column) => column === undefined));
    assert.equal(receipt.device, Device.DEVICE_CPU);
    assert.equal(receipt.fallback?.from, Device.DEVICE_GPU);
    assert.deepEqual([receipt.computeNs, receipt.batchSize], [0, 0]);
    const refused = await call({ validateOnly: true, device: Device.DEVICE_GPU, fallback: Fallback.FALLBACK_FORBID });
    assert.equal(refused.info?.reason, 'DEVICE_ABSENT');
    const invalid = await call({ validateOnly: true }, { spot: undefined });
    assert.deepEqual(invalid.violations, [{ field: 'spot', description: 'must be set, got nothing' }]);
  });

  it('gives the same bits at every priority, reproducible or not', async () => {
    const { columns: expected } = await reply({}, { values: [...everyValue] });
    for (const priority of [1, 2, 3, 4] as Priority[]) {
      for (const reproducible of [undefined, true, false]) {
        const terms = { priority, ...(reproducible === undefined ? {} : { reproducible }) };
        const { receipt, columns } = await reply(terms, { values: [...everyValue] });
        assert.deepEqual(columns, expected);
        assert.equal(receipt.reproducible, true, 'own kernels always are');
      }
    }
  });

  it('computes in the precision that was asked for', async () => {
    const narrow = { spot: f32(100), strike: f32(100), rate: f32(0.05), volatility: f32(0.2), yearsToExpiry: f32(1) };
    const { receipt, columns } = await reply({ precision: Precision.PRECISION_F32 }, narrow);
    assert.equal(receipt.precision, Precision.PRECISION_F32);
    const price = new Float32Array(Uint8Array.from(columns.price!.data).buffer)[0]!;
    const [wide] = numbers((await reply({})).columns.price);
    assert.ok(price !== wide && Math.abs(price - wide!) < 1e-5, `fp32 ${price}, fp64 ${wide}`);
    const mixed = await call({ precision: Precision.PRECISION_F64 }, narrow);
    assert.equal(mixed.status, 'INVALID_ARGUMENT');
    assert.ok(mixed.violations.every(({ field }) => field.endsWith('.dtype')));
  });
});
