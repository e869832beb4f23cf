import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { run, version } from '../../../src/cli/program.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { OptionModel, OptionType, OptionValue } from '../../../src/client/index.js';
import type { PriceOptionsRequest } from '../../../src/gen/acceld/v1/price_options.js';
import { SimulateResponse } from '../../../src/gen/acceld/v1/simulate.js';
import { DataType, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { daemonFault, float64, numbersOf, receipt, serve, type Handler, type TestServer } from '../client/server.js';

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function acceld(args: readonly string[], input = ''): Promise<Result> {
  let out = '';
  let error = '';
  const terminal: Terminal = {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    readInput: () => input,
    hasColor: false,
    columns: undefined,
    environment: {},
  };
  const code = await run(args, terminal);
  return { code, out, error };
}

const steers = (text: string): boolean => ['\u001b', '\u202e'].some((character) => text.includes(character));
const jsonOf = ({ out }: Result) => JSON.parse(out) as Record<string, unknown>;
const option = ['--type', 'call', '--spot', '100', '--rate', '0.05', '--volatility', '0.2'];

describe('acceld without a daemon', () => {
  const nowhere = ['--socket', '/nonexistent/acceld.sock'];

  it('prints its version', async () => {
    assert.deepEqual(await acceld(['version']), { code: 0, out: `${version()}\n`, error: '' });
    assert.equal((await acceld(['--version'])).out, `${version()}\n`);
  });

  it('explains itself and each command, with examples and exit codes', async () => {
    const whole = await acceld(['--help']);
    assert.equal(whole.code, 0);
    for (const name of [
      'serve',
      'check-config',
      'status',
      'price',
      'simulate',
      'call',
      'demo',
      'version',
      'Exit codes',
    ]) {
      assert.match(whole.out, new RegExp(name));
    }
    for (const name of ['status', 'price', 'simulate', 'call', 'demo']) {
      const { code, out } = await acceld([name, '--help']);
      assert.equal(code, 0);
      assert.match(out, /Examples?:\n {2}acceld /, name);
    }
  });

  it('exits with 69 and a hint where no daemon is', async () => {
    const { code, error, out } = await acceld(['status', ...nowhere]);
    assert.equal(code, 69);
    assert.equal(out, '');
    assert.match(error, /nonexistent\/acceld\.sock/);
    assert.match(error, /acceld serve/);
    assert.doesNotMatch(error, /\bat .*:\d+/);
  });

  it('exits with 2 for wrong use, before it connects', async () => {
    const wrong = [
      ['unknown'],
      ['price', '--type', 'call'],
      ['price', ...option, '--strike', '1x', '--days', '3'],
      ['price', ...option, '--strike', '105'],
      ['price', ...option, '--strike', '105', '--days', '3', '--years', '1'],
      ['price', ...option, '--strike', '105', '--days', '3', '--values', 'price,colour'],
      ['price', ...option, '--strike', '105', '--days', '3', '--spot', '1,2'],
      ['status', '--timeout', 'x'],
      ['status', '--address', 'example.org:80'],
      ['status', '--server-uid', 'root'],
      ['call', 'NoSuchMethod'],
      ['call', 'GetStatus', '{'],
      ['call', 'GetStatus', '@/nonexistent.json'],
      ['serve'],
    ];
    for (const args of wrong) {
      const { code, error } = await acceld([...args, ...(args.includes('--address') ? [] : nowhere)]);
      assert.equal(code, 2, args.join(' '));
      assert.match(error, /^acceld: /, args.join(' '));
    }
  });

  it('names everything that is wrong with the JSON of a call', async () => {
    const request = {
      model: 'BLACK',
      values: 1,
      colour: 2,
      spot: ['x'],
      execution: { devise: 1 },
      strike: { data: '%' },
    };
    const { code, error } = await acceld(['call', 'PriceOptions', JSON.stringify(request), ...nowhere]);
    assert.equal(code, 2);
    const lines = error.trim().split('\n').slice(1);
    assert.deepEqual(lines.map((line) => line.trim().split(' ')[0]).sort(), [
      'colour',
      'execution.devise',
      'model',
      'spot[0]',
      'strike.data',
      'values',
    ]);
  });

  it('takes names that JavaScript knows for what they are: no fields', async () => {
    const { code, error } = await acceld(['call', 'GetStatus', '{"__proto__": 1, "constructor": {}, "toString": 2}']);
    assert.equal(code, 2);
    for (const name of ['__proto__', 'constructor', 'toString'])
      assert.match(error, new RegExp(`  ${name} is no field`));
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.equal((await acceld(['call', name])).code, 2);
      assert.equal((await acceld(['price', ...option, '--strike', '1', '--days', '1', '--values', name])).code, 2);
    }
  });

  it('lists the methods it knows where a name fits none', async () => {
    const { error } = await acceld(['call', 'Nothing']);
    assert.match(error, /acceld\.v1\.PricingService\/PriceOptions/);
    assert.match(error, /acceld\.v1\.AdminService\/GetStatus/);
  });
});

describe('acceld with a server', () => {
  let server: TestServer;
  let seen: PriceOptionsRequest | undefined;
  const start = async (handler: Handler) => {
    server = await serve((request, call) => {
      seen = request;
      return handler(request, call);
    });
  };
  const withSocket = (...args: string[]) => [...args, '--socket', server.socket];
  afterEach(() => server.close());

  const mask = (...bits: number[]): Tensor => ({
    dtype: DataType.DATA_TYPE_U32,
    shape: [bits.length],
    data: new Uint8Array(Uint32Array.from(bits).buffer),
  });
  /** Every second gamma does not exist. */
  const priced: Handler = async (request) => {
    const strikes = numbersOf(request.strike!);
    return {
      receipt: receipt({ deviceName: 'Test \u001b[31mCPU\u202e' }),
      price: float64(strikes.map((strike) => strike / 10)),
      gamma: float64(strikes.map(() => 0)),
      undefined: mask(...strikes.map((_, row) => (row % 2) << OptionValue.OPTION_VALUE_GAMMA)),
    };
  };
  const chain = ['--type', 'call,put', '--strikes', '90,100', '--days', '73,365', '--values', 'price,gamma'];
  const priceChain = () => withSocket('price', ...option.slice(2), ...chain);

  it('prices every combination', async () => {
    await start(priced);
    const { code, out } = await acceld([...priceChain(), '--json']);
    assert.equal(code, 0);
    const reply = JSON.parse(out) as Record<string, unknown[]>;
    const [call, put] = [OptionType[OptionType.OPTION_TYPE_CALL], OptionType[OptionType.OPTION_TYPE_PUT]];
    assert.deepEqual(reply['type'], [call, put, call, put, call, put, call, put]);
    assert.deepEqual(reply['strike'], [90, 90, 100, 100, 90, 90, 100, 100]);
    assert.deepEqual(reply['yearsToExpiry'], [0.2, 0.2, 0.2, 0.2, 1, 1, 1, 1]);
    assert.deepEqual(reply['price'], [9, 9, 10, 10, 9, 9, 10, 10]);
    assert.deepEqual(reply['gamma'], [0, null, 0, null, 0, null, 0, null]);
    assert.equal(seen?.model, OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON);
    assert.deepEqual(seen?.values, [OptionValue.OPTION_VALUE_PRICE, OptionValue.OPTION_VALUE_GAMMA]);
    assert.deepEqual(numbersOf(seen.spot!), Float64Array.of(100));
    assert.equal(seen.dividendYield, undefined);
  });

  it('prints a table in which an undefined value says so, and nothing that steers a terminal', async () => {
    await start(priced);
    const { out } = await acceld(priceChain());
    const lines = out.split('\n').map((line) => line.trim().split(/ +/));
    assert.deepEqual(lines[0], ['type', 'strike', 'days', 'price', 'gamma']);
    assert.deepEqual(lines[2], ['put', '90', '73', '9.000000', 'undefined']);
    assert.match(out, /Test \[31mCPU/);
    assert.equal(steers(out), false);
  });

  it('escapes in JSON what could steer a terminal', async () => {
    await start(priced);
    const { out } = await acceld([...priceChain(), '--json']);
    assert.equal(steers(out), false);
    const { receipt: answered } = JSON.parse(out) as { receipt: { deviceName: string; device: string } };
    assert.equal(answered.deviceName, 'Test \u001b[31mCPU\u202e');
    assert.equal(answered.device, 'DEVICE_CPU');
  });

  it('leaves the yield out of all values under Black-76', async () => {
    await start(priced);
    const flags = ['--model', 'black-76', '--forward', '70', '--values', 'all', '--strike', '70', '--years', '1'];
    const { code } = await acceld(withSocket('price', '--type', 'put', '--rate', '0', '--volatility', '0.1', ...flags));
    assert.equal(code, 0);
    assert.equal(seen?.values.includes(OptionValue.OPTION_VALUE_DIVIDEND_RHO), false);
    assert.equal(seen?.values.length, 8);
  });

  it('says a fault in one line and one more for each violation, and exits with 1', async () => {
    await start(async () => {
      const violations = [{ field: 'strike.data[0]', description: 'must be \u001b[1mgood, got -1' }];
      throw daemonFault({ code: 'INVALID_INPUT', grpcStatus: status.INVALID_ARGUMENT, violations });
    });
    const { code, error, out } = await acceld(priceChain());
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.equal(
      error,
      'acceld: INVALID_INPUT: fault INVALID_INPUT (request id-7)\n  strike.data[0]: must be [1mgood, got -1\n',
    );
  });

  const columns = { type: ['CALL', 'OPTION_TYPE_PUT', 1], spot: 100, strike: [1, 2, 3], rate: 0, yearsToExpiry: 1 };
  for (const name of ['acceld.v1.PricingService/PriceOptions', 'pricing.priceOptions', 'priceoptions']) {
    it(`calls ${name} with plain arrays in place of tensors`, async () => {
      await start(priced);
      const execution = { priority: 'BATCH' };
      const json = JSON.stringify({ model: 'BLACK_76', values: ['PRICE', 5], execution, ...columns });
      const result = await acceld(withSocket('call', name, json));
      assert.equal(result.code, 0, result.error);
      assert.deepEqual(jsonOf(result)['price'], [0.1, 0.2, 0.3]);
      assert.equal(jsonOf(result)['delta'], null);
      assert.deepEqual([...seen!.type!.data], [1, 2, 1]);
      assert.deepEqual([seen?.model, seen?.values, seen?.execution?.priority], [2, [1, 5], 3]);
      assert.deepEqual(numbersOf(seen!.spot!), Float64Array.of(100));
    });
  }

  it('reads the request of a call from standard input, with whole tensors in base64', async () => {
    await start(priced);
    const data = Buffer.from(Float64Array.of(80).buffer).toString('base64');
    const strike = { dtype: 'F64', shape: [1], data };
    const result = await acceld(withSocket('call', 'PriceOptions', '-'), JSON.stringify({ strike }));
    assert.deepEqual(jsonOf(result)['price'], [8]);
    assert.deepEqual(seen?.strike?.dtype, DataType.DATA_TYPE_F64);
  });

  it('prints each message of a stream in a line', async () => {
    server = await serve(priced, {
      simulate: (stream) => {
        for (const paths of [1024, 2048]) stream.write(SimulateResponse.fromPartial({ paths, seed: 7n }));
        stream.end();
      },
    });
    const { code, out } = await acceld(withSocket('call', 'Simulate', '{"spot": 100}'));
    assert.equal(code, 0);
    const messages = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { paths: unknown });
    assert.deepEqual(
      messages.map(({ paths }) => Number(paths)),
      [1024, 2048],
    );
  });

  it('sends single precision where the call asks for it', async () => {
    await start(async () => ({ receipt: receipt() }));
    const json = JSON.stringify({ execution: { precision: 'F32' }, strike: [1.5] });
    assert.equal((await acceld(withSocket('call', 'PriceOptions', json))).code, 0);
    assert.equal(seen?.strike?.dtype, DataType.DATA_TYPE_F32);
    assert.equal(seen.strike.data.byteLength, 4);
  });
});
