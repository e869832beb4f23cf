// Many calls at once from one client, and what large ones do to everybody else's latency.
import assert from 'node:assert/strict';
import { connect, OptionModel, Priority } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { everyValue, heavy, pricePath } from '../support/pricing.js';
import { RawClient } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';

const calls = 20_000;
const inFlight = 32;

describe('load', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon;
  before(async () => {
    daemon = await startDaemon();
  });
  afterEach(() => assertUnharmed(daemon));
  after(() => daemon.stop());

  it(`answers ${calls} calls of one row, each with its own price`, async () => {
    const client = connect({ socket: daemon.socket });
    const terms = { model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON, spot: 100, rate: 0, type: 1 };
    let next = 0;
    // At zero volatility and zero rate a call is worth max(S - K, 0): exact, and another number for every call.
    const sendRest = async (): Promise<void> => {
      while (next < calls) {
        const number = next++;
        const strike = 50 + number / 1024;
        const { price } = await client.pricing.priceOptions({ ...terms, strike, volatility: 0, yearsToExpiry: 1 });
        assert.deepEqual([...price!], [Math.max(100 - strike, 0)], `call ${number}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, sendRest));
    client.close();
    assert.equal(next, calls);
  });

  it('tells how late its event loop was under messages of 16,384 rows and 9 values', async () => {
    const client = new RawClient(daemon.socket);
    const request = heavy(Priority.PRIORITY_INTERACTIVE, 16_384);
    for (let count = 0; count < 100; count += 1) {
      assert.equal((await client.call(pricePath, request)).status, 'OK');
    }
    client.close();
    const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    const longest = /acceld_event_loop_lag_seconds\{percentile="100"\} (\S+)/.exec(metrics)?.[1];
    // A figure of this machine and its load: shown, not judged.
    console.log(`      event loop lag, longest of ${everyValue.length} values x 16,384 rows x 100: ${longest} s`);
    assert.ok(Number(longest) >= 0);
  });
});
