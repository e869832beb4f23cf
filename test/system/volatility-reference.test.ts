import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { connect, OptionModel, OptionType, VolatilityStatus, type Client } from '../../src/client/index.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

interface Row {
  readonly id: string;
  readonly group: string;
  readonly type: 'call' | 'put';
  readonly spot: number | string;
  readonly strike: number | string;
  readonly rate: number | string;
  readonly divYield: number | string;
  readonly tYears: number | string;
  readonly price: number | string;
  readonly expected: { readonly ok: boolean; readonly vol?: number; readonly error?: string };
  readonly tolRel?: number;
}

const { rows } = JSON.parse(readFileSync(new URL('../reference/implied-vol.json', import.meta.url), 'utf8')) as {
  rows: Row[];
};

describe('implied volatilities of the reference', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client.close();
    await daemon.stop();
  });

  it(`finds all ${rows.length}, or says why not`, async () => {
    const column = (field: 'spot' | 'strike' | 'rate' | 'divYield' | 'tYears' | 'price') =>
      Float64Array.from(rows, (row) => Number(row[field]));
    const { volatility, status } = await client.pricing.impliedVolatility({
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: rows.map(({ type }) => (type === 'call' ? OptionType.OPTION_TYPE_CALL : OptionType.OPTION_TYPE_PUT)),
      spot: column('spot'),
      strike: column('strike'),
      rate: column('rate'),
      dividendYield: column('divYield'),
      yearsToExpiry: column('tYears'),
      price: column('price'),
    });
    assert.ok(rows.length > 400);
    rows.forEach(({ id, group, expected, tolRel = 0 }, row) => {
      const name = VolatilityStatus[status![row]!];
      const wanted = expected.ok ? 'OK' : expected.error!;
      assert.equal(name, `VOLATILITY_STATUS_${wanted}`, `${id} ${group}`);
      const miss = Math.abs(volatility![row]! - (expected.vol ?? 0));
      assert.ok(miss <= tolRel * (expected.vol ?? 0), `${id} ${group}: ${volatility![row]}, not ${expected.vol}`);
    });
  });

  it('recovers volatilities under Black-76, and names no row that a price does not determine', async () => {
    const strikes = Float64Array.from({ length: 101 }, (_, row) => 50 + row);
    const common = {
      model: OptionModel.OPTION_MODEL_BLACK_76,
      type: OptionType.OPTION_TYPE_PUT,
      forward: 100,
      strike: strikes,
      rate: 0.03,
      yearsToExpiry: 0.5,
    };
    const { price } = await client.pricing.priceOptions({ ...common, volatility: 0.3 });
    const found = await client.pricing.impliedVolatility({ ...common, price: price as Float64Array });
    found.volatility!.forEach((volatility, row) => {
      assert.equal(found.status![row], VolatilityStatus.VOLATILITY_STATUS_OK);
      assert.ok(Math.abs(volatility - 0.3) < 1e-12, `${strikes[row]}: ${volatility}`);
    });
  });
});
