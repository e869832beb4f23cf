// The daemon with its GPU: src/daemon/open-devices.ts, a real OpenCL device, and what callers see of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import {
  connect,
  Device,
  Fallback,
  Fault,
  OptionModel,
  OptionType,
  Precision,
  Priority,
  type Client,
  type ExecutionOptions,
} from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { needs, runs } from '../support/missing.js';
import { childrenOf } from '../support/processes.js';

/** A driver that compiles its kernels for the first time. */
const upMsMax = 60_000;

describe('the GPU of a daemon', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon;
  let client: Client;
  before(async function () {
    needs(this, 'pocl-opencl-icd', runs('sh', '-c', 'ls /etc/OpenCL/vendors/*.icd'));
    daemon = await startDaemon({ config: 'gpu: { standby: false, check_one_in: 1 }' });
    client = connect({ socket: daemon.socket });
    await isUp();
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
  });

  const gpuOf = async () =>
    (await client.admin.getStatus()).devices.find(({ device }) => device === Device.DEVICE_GPU)!;
  const isUp = () => eventually(async () => assert.ok((await gpuOf()).up, (await gpuOf()).reason), upMsMax);
  const worker = (): number => childrenOf(daemon.pid)[0]!;

  /** Jobs in messages that the GPU priced. */
  let priced = 0;
  const price = async (execution: Partial<ExecutionOptions>) => {
    const Column = execution.precision === Precision.PRECISION_F32 ? Float32Array : Float64Array;
    const answer = await client.pricing.priceOptions({
      execution,
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      strike: Column.from(Array.from({ length: 5_000 }, (_, row) => 50 + row / 50)),
      rate: 0.05,
      volatility: 0.2,
      yearsToExpiry: 1,
    });
    if (answer.receipt.device === Device.DEVICE_GPU) priced += 1;
    return answer;
  };
  /** Results of a kernel that the CPU computed again; none of any kernel was another. */
  async function timesChecked(kernel: string): Promise<number> {
    const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    assert.doesNotMatch(metrics, /outcome="different"/);
    const series = `acceld_results_checked_total{device="gpu",kernel="${kernel}",outcome="same"} `;
    const [, count = '0'] = metrics.split(series);
    return Number.parseInt(count, 10);
  }
  const f32 = { precision: Precision.PRECISION_F32 };

  it('runs what is asked of it, with the bits of the CPU, and says so', async () => {
    const [onGpu, onCpu] = [
      await price({ ...f32, device: Device.DEVICE_GPU, fallback: Fallback.FALLBACK_FORBID }),
      await price({ ...f32, device: Device.DEVICE_CPU }),
    ];
    assert.deepEqual(onGpu.price, onCpu.price);
    const { device, engine, reproducible, fallback, kernelDigest, computeNs } = onGpu.receipt;
    assert.deepEqual([device, engine, reproducible, fallback], [Device.DEVICE_GPU, 'opencl', true, undefined]);
    assert.ok(computeNs > 0);
    const { kernels } = await gpuOf();
    assert.ok(kernels.some(({ name, digest }) => name === 'price-options-f32' && digest === kernelDigest));
  });

  it('runs both kernels that it has in every priority, and is looked at again', async () => {
    for (const priority of [Priority.PRIORITY_ORDER, Priority.PRIORITY_BATCH]) {
      const { receipt } = await price({ ...f32, device: Device.DEVICE_GPU, priority });
      assert.equal(receipt?.device, Device.DEVICE_GPU);
    }
    let last;
    for await (const message of client.pricing.simulate({
      execution: { device: Device.DEVICE_GPU },
      type: OptionType.OPTION_TYPE_PUT,
      spot: 100,
      strike: 100,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: { $case: 'european', value: {} },
      pathsMax: 100_000n,
    })) {
      last = message;
    }
    assert.equal(last?.receipt?.device, Device.DEVICE_GPU);
    await eventually(async () => assert.ok((await timesChecked('simulate-f32')) > 0));
  });

  it('runs jobs on columns in regions, with the bits of the CPU, and counts what was copied', async () => {
    const rows = 30_000;
    const bytes = 4 * rows;
    const region = await client.region(4 * bytes);
    await region.write(Float32Array.from({ length: rows }, (_, row) => 50 + row / 300));
    const ask = (execution: Partial<ExecutionOptions>) =>
      client.pricing.priceOptions({
        execution: { ...f32, fallback: Fallback.FALLBACK_FORBID, ...execution },
        model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
        type: OptionType.OPTION_TYPE_PUT,
        spot: 100,
        strike: region.column('f32', 0, rows),
        rate: 0.05,
        volatility: 0.2,
        yearsToExpiry: 1,
        outputs: new Map([
          ['price', region.slice(bytes, bytes)],
          ['undefined', region.slice(2 * bytes, bytes)],
        ]),
      });
    const results: Uint8Array[] = [];
    for (const device of [Device.DEVICE_CPU, Device.DEVICE_GPU]) {
      await region.write(new Uint8Array(bytes).fill(0xee), bytes);
      const { receipt } = await ask({ device });
      results.push(await region.read(bytes, bytes));
      assert.equal(receipt?.device, device);
      // Five columns of one value travelled in the message; the GPU took the strikes and gave the prices.
      const inMessage = 1 + 4 * 4;
      assert.equal(receipt.bytesCopied, device === Device.DEVICE_CPU ? inMessage : inMessage + 2 * bytes);
      assert.equal(receipt.bytesShared, 3 * bytes);
    }
    assert.deepEqual(results[1], results[0]);
    await eventually(async () => assert.equal(await timesChecked('price-options-f32'), priced + 1));
    await region.write(Float32Array.of(Number.NaN), 4 * 20_000);
    await assert.rejects(
      ask({ device: Device.DEVICE_GPU }),
      (error: unknown) => error instanceof Fault && error.violations[0]?.field === 'strike.data[20000]',
    );
    await region.release();
  });

  it('refuses rather than computing in another precision, and says why it fell back', async () => {
    const f64 = { device: Device.DEVICE_GPU, precision: Precision.PRECISION_F64 };
    const { receipt } = await price(f64);
    assert.equal(receipt?.device, Device.DEVICE_CPU);
    assert.deepEqual(receipt.fallback?.reason, 'the GPU has no kernel price-options-f64');
    await assert.rejects(
      price({ ...f64, fallback: Fallback.FALLBACK_FORBID }),
      (error: unknown) => error instanceof Fault && error.code === 'DEVICE_ABSENT' && !error.retryable,
    );
  });

  it('goes on without its worker, and with the next one', async () => {
    process.kill(worker(), 'SIGKILL');
    await eventually(async () => assert.equal((await gpuOf()).up, false));
    const { receipt } = await price({ ...f32, device: Device.DEVICE_GPU });
    // Its socket closes before the system says how it ended.
    if (receipt?.device === Device.DEVICE_CPU)
      assert.match(receipt.fallback!.reason, /the GPU is down: its worker (died of SIGKILL|ended unexpectedly)/);
    await isUp();
    const again = await price({ ...f32, device: Device.DEVICE_GPU, fallback: Fallback.FALLBACK_FORBID });
    assert.equal(again.receipt?.device, Device.DEVICE_GPU);
    assert.match(daemon.output(), /"msg":"worker died"/);
  });
});
