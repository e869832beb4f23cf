// Streams and sessions of the client against a real daemon.
import assert from 'node:assert/strict';
import {
  Averaging,
  connect,
  Fault,
  OptionModel,
  OptionType,
  OptionValue,
  StopReason,
  VolatilityStatus,
  type Client,
  type Services,
  type Session,
} from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

const option = { type: OptionType.OPTION_TYPE_CALL, spot: 100, rate: 0.05, yearsToExpiry: 1 };
const model = OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON;
const asian = {
  ...option,
  strike: 100,
  volatility: 0.2,
  payoff: {
    $case: 'asian' as const,
    value: {
      averaging: Averaging.AVERAGING_ARITHMETIC,
      fixingYears: Array.from({ length: 252 }, (_, index) => (index + 1) / 252),
    },
  },
  reportInterval: { nanos: 10e6 },
};

describe('client and daemon: streams and sessions', function () {
  this.timeout(60_000);
  let daemon: RunningDaemon;
  let client: Client;
  let session: Session;
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
    session = client.session();
  });
  after(async () => {
    await session.close();
    client.close();
    const { code } = await daemon.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(daemon.output(), /"msg":"bug"/);
  });
  const running = async () => (await client.admin.getStatus()).lanes.reduce((sum, lane) => sum + lane.running, 0);
  const lastOf = async (services: Pick<Services, 'pricing'>, pathsMax: bigint) => {
    let last;
    for await (const message of services.pricing.simulate({ ...asian, pathsMax })) last = message;
    assert.ok(last);
    return last;
  };

  it('simulates to the same bits alone and in a session', async () => {
    const [alone, inSession] = await Promise.all([lastOf(client, 1n << 18n), lastOf(session, 1n << 18n)]);
    assert.equal(alone.stopReason, StopReason.STOP_REASON_PATHS);
    assert.equal(alone.estimate, inSession.estimate);
    assert.equal(alone.standardError, inSession.standardError);
    assert.equal(inSession.receipt?.engine, 'own');
  });

  for (const [name, services] of [
    ['a call', () => client],
    ['a session', () => session],
  ] as const) {
    it(`stops the work when the loop over ${name} is left`, async () => {
      let messages = 0;
      for await (const { standardError, stopReason } of services().pricing.simulate(asian)) {
        assert.ok(standardError > 0);
        assert.equal(stopReason, StopReason.STOP_REASON_UNSPECIFIED);
        messages += 1;
        if (messages < 3) continue;
        assert.ok((await running()) > 0);
        break;
      }
      const deadline = performance.now() + 5_000;
      while ((await running()) > 0) assert.ok(performance.now() < deadline, 'the work goes on');
    });

    it(`ends a simulation by the deadline of ${name} with its best answer`, async () => {
      let last;
      for await (const message of services().pricing.simulate(asian, { timeoutMs: 600 })) last = message;
      assert.equal(last?.stopReason, StopReason.STOP_REASON_DEADLINE);
    });

    it(`finds over ${name} the volatilities that prices were made from`, async () => {
      const strike = Float64Array.from({ length: 20_000 }, (_, row) => 70 + row / 250);
      const volatility = Float64Array.from(strike, (_, row) => 0.2 + (row % 100) / 500);
      const values = [OptionValue.OPTION_VALUE_PRICE];
      const { price } = await services().pricing.priceOptions({ ...option, model, values, strike, volatility });
      const reply = await services().pricing.impliedVolatility({
        ...option,
        model,
        strike,
        price: price as Float64Array,
      });
      assert.ok(reply.status instanceof Uint8Array);
      assert.equal(reply.status[0], VolatilityStatus.VOLATILITY_STATUS_OK);
      assert.ok(new Set(reply.status).size === 1);
      const errors = volatility.map((each, row) => Math.abs(each - reply.volatility![row]!));
      assert.ok(Math.max(...errors) < 1e-10, String(Math.max(...errors)));
    });

    it(`names the fields of a wrong request over ${name}`, async () => {
      await assert.rejects(
        async () => {
          for await (const _ of services().pricing.simulate({ ...asian, spot: -1, strike: 0 })) assert.fail();
        },
        (error) => {
          assert.ok(error instanceof Fault);
          assert.equal(error.code, 'INVALID_INPUT');
          assert.deepEqual(error.violations.map(({ field }) => field).sort(), ['spot', 'strike']);
          assert.ok(error.requestId);
          return true;
        },
      );
    });
  }

  it('fails the calls of a session with the daemon', async () => {
    const own = await startDaemon();
    const other = connect({ socket: own.socket });
    const held = other.session();
    const lost = assert.rejects(
      async () => {
        for await (const { paths } of held.pricing.simulate(asian)) if (paths > 0) await own.stop('SIGKILL');
      },
      { code: 'CONNECTION_LOST', retryable: true },
    );
    await lost;
    await assert.rejects(held.admin.getStatus(), { code: 'DAEMON_UNREACHABLE' });
    await held.close();
    other.close();
  });
});
