// The real daemon behind src/daemon/rpc/rounds.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Client, credentials } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import {
  Averaging,
  BarrierKind,
  SimulateRequest,
  SimulateResponse,
  StopReason,
} from '../../src/gen/acceld/v1/simulate.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

type Change = Parameters<typeof SimulateRequest.fromPartial>[0];

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly type: 'call' | 'put';
  readonly average?: 'arithmetic' | 'geometric';
  readonly strikeStyle?: string;
  readonly fixingRule?: string;
  readonly fixings?: number | string;
  readonly barrierType?: string;
  readonly barrier?: number;
  readonly rebate?: number;
  readonly monitoringDates?: number;
  readonly spot: number;
  readonly strike: number;
  readonly rate: number;
  readonly divYield: number;
  readonly vol: number;
  readonly tYears: number;
  readonly expected: { readonly price: number };
  readonly tolAbs: number;
}

const reference = new URL('../reference/options-exotic.json', import.meta.url);
const { rows } = JSON.parse(readFileSync(reference, 'utf8')) as { rows: Row[] };
const dates = (count: number, years: number): number[] =>
  Array.from({ length: count }, (_, index) => ((index + 1) * years) / count);

function payoffOf(row: Row): Change['payoff'] {
  if (row.kind === 'asian') {
    const averaging = row.average === 'geometric' ? Averaging.AVERAGING_GEOMETRIC : Averaging.AVERAGING_ARITHMETIC;
    return { $case: 'asian', value: { averaging, fixingYears: dates(row.fixings as number, row.tYears) } };
  }
  const kind =
    BarrierKind[`BARRIER_KIND_${row.barrierType!.toUpperCase().replace('-', '_AND_')}` as keyof typeof BarrierKind];
  const { barrier = 0, rebate = 0 } = row;
  return {
    $case: 'barrier',
    value: { kind, barrier, rebate, monitoringYears: dates(row.monitoringDates!, row.tYears) },
  };
}

describe('simulation', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = new Client(`unix:${daemon.socket}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await daemon.stop();
    assert.doesNotMatch(daemon.output(), /"msg":"bug"/);
  });

  async function simulate(change: Change, deadlineMs = 60_000): Promise<SimulateResponse[]> {
    const request = SimulateRequest.fromPartial({
      type: 1,
      spot: 100,
      strike: 100,
      rate: 0.05,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: { $case: 'european', value: {} },
      ...change,
    });
    const stream = client.makeServerStreamRequest(
      '/acceld.v1.PricingService/Simulate',
      (message: SimulateRequest) => Buffer.from(SimulateRequest.encode(message).finish()),
      (bytes: Buffer) => SimulateResponse.decode(bytes),
      request,
      { deadline: Date.now() + deadlineMs },
    );
    const messages: SimulateResponse[] = [];
    for await (const message of stream) messages.push(message as SimulateResponse);
    return messages;
  }
  const last = async (change: Change): Promise<SimulateResponse> => (await simulate(change)).at(-1)!;

  const chosen = rows.filter(
    (row) =>
      row.kind === 'barrier-discrete' ||
      (row.kind === 'asian' &&
        row.strikeStyle === 'fixed' &&
        typeof row.fixings === 'number' &&
        row.fixingRule === 't_i = i*T/m, i=1..m'),
  );
  it(`prices ${chosen.length} rows of the reference within 4 standard errors`, async function () {
    this.timeout(120_000);
    assert.equal(chosen.filter(({ kind }) => kind === 'barrier-discrete').length, 14);
    assert.ok(chosen.length > 40);
    for (const row of chosen) {
      const { estimate, standardError } = await last({
        type: row.type === 'call' ? 1 : 2,
        spot: row.spot,
        strike: row.strike,
        rate: row.rate,
        dividendYield: row.divYield,
        volatility: row.vol,
        yearsToExpiry: row.tYears,
        payoff: payoffOf(row),
        seed: 20_261_124n,
        pathsMax: 2n ** 17n,
        controlVariate: true,
      });
      // Where an option is worth less than a millionth of the spot, none of 131,072 paths may pay, and no error is seen.
      const unseen = standardError === 0 ? 1e-6 * row.spot : 0;
      const miss = Math.abs(estimate - row.expected.price);
      assert.ok(
        miss <= 4 * standardError + row.tolAbs + unseen,
        `${row.id}: ${estimate} +- ${standardError}, not ${row.expected.price}`,
      );
    }
  });

  it('gives the same bits for the number of paths that it reported, whatever ended it', async () => {
    const asian: Change = {
      payoff: { $case: 'asian', value: { averaging: 1, fixingYears: dates(50, 1) } },
      seed: 2n ** 64n - 1n,
    };
    const stopped = await last({ ...asian, timeBudget: { seconds: 0n, nanos: 100_000_000 } });
    assert.equal(stopped.stopReason, StopReason.STOP_REASON_TIME_BUDGET);
    assert.equal(stopped.paths % 1024, 0);
    const again = await last({ ...asian, pathsMax: BigInt(stopped.paths) });
    assert.equal(again.stopReason, StopReason.STOP_REASON_PATHS);
    assert.deepEqual([again.estimate, again.standardError], [stopped.estimate, stopped.standardError]);
  });

  it('tightens on the way and ends at its target', async () => {
    const fixings = dates(100, 1);
    const change: Change = {
      payoff: { $case: 'asian', value: { averaging: 1, fixingYears: fixings } },
      targetError: 0.01,
      reportInterval: { seconds: 0n, nanos: 10_000_000 },
    };
    const messages = await simulate(change);
    const final = messages.at(-1)!;
    assert.equal(final.stopReason, StopReason.STOP_REASON_TARGET_ERROR);
    assert.ok(final.standardError <= 0.01);
    assert.equal(final.receipt?.seed, 0n);
    assert.ok(
      messages
        .slice(0, -1)
        .every(({ receipt, stopReason }) => receipt === undefined && stopReason === StopReason.STOP_REASON_UNSPECIFIED),
    );
    messages.reduce((before, message) => {
      assert.ok(message.paths >= before.paths);
      return message;
    });
  });

  it('ends before the deadline of the call with what it has', async () => {
    const payoff: Change['payoff'] = { $case: 'asian', value: { averaging: 1, fixingYears: dates(252, 1) } };
    const messages = await simulate({ payoff, timeBudget: { seconds: 3600n, nanos: 0 }, pathsMax: 10n ** 12n }, 3000);
    assert.equal(messages.at(-1)!.stopReason, StopReason.STOP_REASON_DEADLINE);
    assert.ok(messages.at(-1)!.paths > 0);
  });

  it('takes 1 path for a block, and touches a barrier at the spot when time 0 is looked at', async () => {
    assert.equal((await last({ pathsMax: 1n })).paths, 1024);
    const barrier = { kind: BarrierKind.BARRIER_KIND_UP_AND_OUT, barrier: 100, rebate: 3, monitoringYears: [0, 1] };
    const touched = await last({ payoff: { $case: 'barrier', value: barrier }, pathsMax: 1024n });
    assert.deepEqual([touched.estimate, touched.standardError], [3, 0]);
  });

  it('stops when the client cancels', async () => {
    const stream = client.makeServerStreamRequest(
      '/acceld.v1.PricingService/Simulate',
      (message: SimulateRequest) => Buffer.from(SimulateRequest.encode(message).finish()),
      (bytes: Buffer) => SimulateResponse.decode(bytes),
      SimulateRequest.fromPartial({
        type: 1,
        spot: 100,
        strike: 100,
        volatility: 0.2,
        yearsToExpiry: 1,
        payoff: { $case: 'asian', value: { averaging: 1, fixingYears: dates(252, 1) } },
      }),
    );
    stream.on('data', () => stream.cancel());
    await assert.rejects(async () => {
      for await (const _message of stream);
    }, /CANCELLED/);
    const { paths } = await last({ pathsMax: 2048n });
    assert.equal(paths, 2048);
  });

  it('reports an honest standard error: 90 to 99 of 100 seeds are within 1.96 of them', async function () {
    this.timeout(60_000);
    const exact = 10.450583572185565;
    for (const change of [{}, { antithetic: true }, { controlVariate: true }]) {
      let within = 0;
      for (let seed = 1n; seed <= 100n; seed += 1n) {
        const { estimate, standardError } = await last({ ...change, seed, pathsMax: 8192n });
        if (Math.abs(estimate - exact) <= 1.96 * standardError) within += 1;
      }
      assert.ok(within >= 90 && within <= 99, `${within} of 100 for ${JSON.stringify(change)}`);
    }
  });
});
