import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { FrameReader, FrameWriter, ProtocolError, type WorkerFrame } from '../../../src/daemon/worker/protocol.js';

const word = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const long = (value: bigint): Buffer => Buffer.from(BigUint64Array.of(value).buffer);
const text = (value: string): Buffer => Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(value)]);
const frame = (kind: number, ...fields: Buffer[]): Buffer => {
  const body = Buffer.concat(fields);
  return Buffer.concat([word(8 + body.length), word(kind), body]);
};

const hello = frame(1, word(0x6b776361), word(2));
const device = frame(2, word(3), text('own'), text('a processor'), text('neon'), text(''));
const kernel = frame(3, word(1), text('simulate-f32'), text('0123456789abcdef'), text(''));
const done = frame(5, long(7n), word(2), word(1), long(123_456_789_012n), long(9n), text('out of memory'));

function readAll(chunks: readonly Uint8Array[]): WorkerFrame[] {
  const reader = new FrameReader();
  const frames: WorkerFrame[] = [];
  for (const chunk of chunks) {
    reader.received.fill(0xaa);
    reader.received.set(chunk);
    reader.read(chunk.length, (frame) => frames.push(frame));
  }
  return frames;
}

const expected: readonly WorkerFrame[] = [
  { kind: 'hello' },
  { kind: 'device', kernels: 3, engine: 'own', name: 'a processor', variant: 'neon', sandboxLacks: '' },
  { kind: 'kernel', state: 'missing', name: 'simulate-f32', digest: '0123456789abcdef', reason: '' },
  { kind: 'ready' },
  {
    kind: 'done',
    token: 7,
    fault: 'memory',
    flags: 1,
    computeNs: 123_456_789_012,
    copiedBytes: 9,
    reason: 'out of memory',
  },
  { kind: 'failed', absent: true, reason: 'no device' },
  { kind: 'dying', signal: 11 },
  { kind: 'pong' },
];
const stream = Buffer.concat([
  hello,
  device,
  kernel,
  frame(4),
  done,
  frame(6, word(1), text('no device')),
  frame(7, word(11)),
  frame(8),
]);

describe('frames from a worker', () => {
  it('are read, wherever the socket cuts them', () => {
    assert.deepEqual(readAll([stream]), expected);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length })), (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), stream.length];
        assert.deepEqual(readAll(borders.slice(1).map((end, index) => stream.subarray(borders[index], end))), expected);
      }),
    );
  });

  const bad: Readonly<Record<string, [Buffer, RegExp]>> = {
    'shorter than a head': [Buffer.concat([word(7), word(4)]), /a frame of 7 bytes/],
    'longer than any': [Buffer.concat([word(2049), word(4)]), /a frame of 2049 bytes/],
    'of an unknown kind': [frame(9), /unknown kind 9/],
    'with a field missing': [frame(7), /shorter than its fields/],
    'with a field too much': [frame(4, word(0)), /longer than its fields/],
    'of somebody else': [frame(1, word(1), word(1)), /no worker of acceld/],
    'of another version': [frame(1, word(0x6b776361), word(1)), /version 1, where 2 is spoken/],
    'with a text longer than its frame': [frame(6, word(0), word(200)), /shorter than its fields/],
    'with a text over its limit': [frame(6, word(0), text('x'.repeat(257))), /a text of 257 bytes/],
    'with an unknown state': [frame(3, word(3), text(''), text(''), text('')), /3 where 3 values are known/],
    'with too many kernels': [frame(2, word(257), text(''), text(''), text(''), text('')), /257 kernels/],
  };
  for (const [what, [bytes, message]] of Object.entries(bad)) {
    it(`are refused: ${what}`, () => {
      assert.throws(
        () => readAll([bytes]),
        (error) => error instanceof ProtocolError && message.test(error.message),
      );
    });
  }

  it('of any bytes give frames or a ProtocolError, nothing else', () => {
    const kinds = fc.integer({ min: 0, max: 10 });
    const framed = fc
      .tuple(kinds, fc.uint8Array({ maxLength: 64 }))
      .map(([kind, body]) => frame(kind, Buffer.from(body)));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 64 }), framed), { maxLength: 20 }), (chunks) => {
        try {
          readAll(chunks);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('carry nothing unprintable', () => {
    const [failed] = readAll([frame(6, word(2), text('a\nb\u001b[31m\u00e9'))]);
    assert.deepEqual(failed, { kind: 'failed', absent: false, reason: 'a?b?[31m?' });
  });
});

describe('frames to a worker', () => {
  const writer = new FrameWriter();
  const written = (bytes: number): Buffer => Buffer.from(writer.bytes.subarray(0, bytes));

  it('say who speaks', () => {
    const bytes = writer.hello(64, { work: '/w', store: '/s' });
    const fields = [word(0x6b776361), word(2), word(process.pid), long(64n), text('/w'), text('/s')];
    assert.deepEqual(written(bytes), frame(1, ...fields));
  });

  it('give and take memory', () => {
    assert.deepEqual(written(writer.attach(0, 2 ** 33 + 5)), frame(2, word(0), long(2n ** 33n + 5n)));
    assert.deepEqual(written(writer.detach(3)), frame(3, word(3)));
    assert.deepEqual(written(writer.ping()), frame(5));
  });

  it('carry a task', () => {
    const bytes = writer.task({
      token: 5,
      kernel: 2,
      params: { memory: 0, offset: 4096, bytes: 4 },
      rows: 100,
      begin: 10,
      end: 20,
      inputs: [{ memory: 0, stride: 8, offset: 8192 }],
      outputs: [null, { memory: 1, offset: 512 }],
    });
    const head = [
      long(5n),
      word(2),
      word(1),
      word(2),
      word(0),
      long(4096n),
      long(4n),
      long(100n),
      long(10n),
      long(20n),
    ];
    const input = [word(0), word(8), long(8192n)];
    const outputs = [word(0xffffffff), long(0n), word(1), long(512n)];
    assert.deepEqual(written(bytes), frame(4, ...head, ...input, ...outputs));
  });
});
