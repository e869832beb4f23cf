// The real daemon behind src/daemon/rpc/session-service.ts and src/daemon/rpc/methods.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { GetStatusResponse } from '../../src/gen/acceld/v1/admin_service.js';
import { OptionModel } from '../../src/gen/acceld/v1/option.js';
import { PriceOptionsRequest, PriceOptionsResponse } from '../../src/gen/acceld/v1/price_options.js';
import { OpenRequest, OpenResponse } from '../../src/gen/acceld/v1/session_service.js';
import { DataType, type Tensor } from '../../src/gen/acceld/v1/tensor.js';
import { ErrorInfo } from '../../src/gen/google/rpc/error_details.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';

const getStatus = '/acceld.v1.AdminService/GetStatus';
const priceOptions = '/acceld.v1.PricingService/PriceOptions';
const statusRequest = new Uint8Array();

const f64 = (length: number, value: number): Tensor => ({
  dtype: DataType.DATA_TYPE_F64,
  shape: [length],
  data: new Uint8Array(new Float64Array(length).fill(value).buffer),
});
const chain = (rows: number): Uint8Array =>
  PriceOptionsRequest.encode(
    PriceOptionsRequest.fromPartial({
      model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
      type: { dtype: DataType.DATA_TYPE_U8, shape: [1], data: Uint8Array.of(1) },
      spot: f64(1, 100),
      strike: f64(rows, 100),
      rate: f64(1, 0.05),
      volatility: f64(1, 0.2),
      yearsToExpiry: f64(1, 1),
    }),
  ).finish();

type Stream = ClientDuplexStream<OpenRequest, OpenResponse>;

/** The answers of a stream by id, in the order of their arrival. */
class Answers {
  readonly all: OpenResponse[] = [];
  readonly #stream: Stream;
  constructor(stream: Stream) {
    this.#stream = stream;
    stream.on('data', (response: OpenResponse) => this.all.push(response));
    stream.on('error', () => undefined);
  }
  async until(count: number): Promise<readonly OpenResponse[]> {
    while (this.all.length < count) await once(this.#stream, 'data');
    return this.all;
  }
  reason(id: bigint): string {
    const { answer } = this.all.find((response) => response.id === id)!;
    assert.equal(answer?.$case, 'status');
    const detail = answer.value.details.find(({ typeUrl }) => typeUrl.endsWith('google.rpc.ErrorInfo'));
    return ErrorInfo.decode(detail!.value).reason;
  }
}

const call = (
  id: bigint,
  method: string,
  request: Uint8Array,
  timeout?: { seconds: bigint; nanos: number },
): OpenRequest => ({
  id,
  action: { $case: 'call', value: { method, request, timeout } },
});

describe('session', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async () => {
    daemon = await startDaemon();
    client = new Client(`unix:${daemon.socket}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    const { code } = await daemon.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(daemon.output(), /"msg":"bug"/);
  });

  const open = (): { stream: Stream; answers: Answers } => {
    const stream = client.makeBidiStreamRequest(
      '/acceld.v1.SessionService/Open',
      (message: OpenRequest) => Buffer.from(OpenRequest.encode(message).finish()),
      (bytes: Buffer) => OpenResponse.decode(bytes),
    );
    return { stream, answers: new Answers(stream) };
  };

  it('carries many calls of different methods and ends when the client ends', async () => {
    const { stream, answers } = open();
    for (let id = 0n; id < 50n; id += 1n)
      stream.write(call(id, id % 2n === 0n ? getStatus : priceOptions, id % 2n === 0n ? statusRequest : chain(1)));
    stream.end();
    await once(stream, 'end');
    assert.equal(answers.all.length, 50);
    assert.ok(answers.all.every(({ last, answer }) => last && answer?.$case === 'response'));
    const [status, priced] = [answers.all.find(({ id }) => id === 0n)!, answers.all.find(({ id }) => id === 1n)!];
    assert.equal(GetStatusResponse.decode(status.answer!.value as Uint8Array).pid, daemon.pid);
    const price = PriceOptionsResponse.decode(priced.answer!.value as Uint8Array).price!;
    assert.ok(Math.abs(Buffer.from(price.data).readDoubleLE() - 10.450583572185565) < 1e-12);
  });

  it('fails an id and never the stream', async () => {
    const { stream, answers } = open();
    stream.write(call(1n, '/acceld.v1.PricingService/Nothing', statusRequest));
    stream.write(call(2n, '/acceld.v1.SessionService/Open', statusRequest));
    stream.write({ id: 3n, action: undefined });
    stream.write(call(4n, priceOptions, Uint8Array.of(0x0a, 0xff, 0xff)));
    stream.write(call(5n, getStatus, statusRequest, { seconds: -1n, nanos: 0 }));
    stream.write(call(6n, priceOptions, new Uint8Array(5 * 1024 * 1024)));
    stream.write(call(2n ** 64n - 1n, getStatus, statusRequest));
    stream.end();
    await answers.until(7);
    const reasons = [1n, 2n, 3n, 4n, 5n, 6n].map((id) => answers.reason(id));
    assert.deepEqual(reasons, [
      'METHOD_UNKNOWN',
      'METHOD_UNKNOWN',
      'INVALID_INPUT',
      'INVALID_INPUT',
      'INVALID_INPUT',
      'MESSAGE_TOO_LARGE',
    ]);
    assert.equal(answers.all.find(({ id }) => id === 2n ** 64n - 1n)!.answer?.$case, 'response');
  });

  it('refuses an id in use and takes it again when its call has ended', async () => {
    const { stream, answers } = open();
    stream.write(call(1n, priceOptions, chain(50_000)));
    stream.write(call(1n, getStatus, statusRequest));
    await answers.until(2);
    assert.equal(answers.reason(1n), 'ID_IN_USE');
    stream.write(call(1n, getStatus, statusRequest));
    await answers.until(3);
    assert.equal(answers.all[2]!.answer?.$case, 'response');
    stream.end();
  });

  it('bounds the calls at once and the answers that nobody reads', async () => {
    const { stream, answers } = open();
    stream.pause();
    const request = chain(20_000);
    for (let id = 0n; id < 400n; id += 1n) stream.write(call(id, priceOptions, request));
    await new Promise((later) => setTimeout(later, 300));
    stream.resume();
    await answers.until(400);
    stream.end();
    const refused = answers.all.filter(({ answer }) => answer?.$case === 'status');
    for (const { id } of refused) assert.equal(answers.reason(id), 'REQUESTS_EXCEEDED');
    assert.equal(new Set(answers.all.map(({ id }) => id)).size, 400);
  });

  it('cancels a call that waits, and ignores the cancelling of what is over', async () => {
    const { stream, answers } = open();
    for (let id = 0n; id < 20n; id += 1n) stream.write(call(id, priceOptions, chain(50_000)));
    stream.write({ id: 19n, action: { $case: 'cancel', value: {} } });
    stream.write({ id: 77n, action: { $case: 'cancel', value: {} } });
    await answers.until(20);
    stream.end();
    const last = answers.all.find(({ id }) => id === 19n)!;
    assert.ok(last.answer?.$case === 'response' || answers.reason(19n) === 'CANCELLED');
  });

  it('answers what runs and ends the stream when the daemon stops', async () => {
    const own = await startDaemon();
    const other = new Client(`unix:${own.socket}`, credentials.createInsecure());
    const stream = other.makeBidiStreamRequest(
      '/acceld.v1.SessionService/Open',
      (message: OpenRequest) => Buffer.from(OpenRequest.encode(message).finish()),
      (bytes: Buffer) => OpenResponse.decode(bytes),
    );
    const answers = new Answers(stream);
    stream.write(call(1n, getStatus, statusRequest));
    await answers.until(1);
    const ended = once(stream, 'end');
    const { code } = await own.stop();
    await ended;
    other.close();
    assert.equal(code, 0);
  });
});
