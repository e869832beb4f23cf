// Bytes that are no message, on every method, and random changes of bytes that are one.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { catalog } from '../../src/gen/catalog.js';
import { PriceOptionsRequest } from '../../src/gen/acceld/v1/price_options.js';
import { ErrorInfo } from '../../src/gen/google/rpc/error_details.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { assertFinite, codes, encoded, everyValue, f64, pricePath } from '../support/pricing.js';
import { RawClient, type Answer } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';
import { field, fieldNumbers, nestedGroups, nestedMessages } from '../support/wire.js';

const unaryPaths = [
  ...Object.values<Record<string, { path: string; requestStream: boolean }>>(catalog)
    .flatMap((methods) => Object.values(methods))
    .filter(({ requestStream }) => !requestStream)
    .map(({ path }) => path),
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/List',
];
const reflectionPaths = ['v1', 'v1alpha'].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

/** Field numbers of the reply. */
const originalRequest = 2;
const errorResponse = 7;

const deep = 100_000;
/** The number of a field that no message has. */
const unknown = 1000;
const broken: Readonly<Record<string, Uint8Array>> = {
  'groups nested 10^5 deep': nestedGroups(unknown, deep),
  'a group that never ends': Uint8Array.of(0x7b),
  'the end of a group that never began': Uint8Array.of(0x7c, 0x10, 0x01),
  'groups that end crosswise': Uint8Array.of(0x7b, 0x73, 0x7c, 0x74),
  'a tag of zero': Uint8Array.of(0x00, 0x10, 0x01),
  'wire type 6': Uint8Array.of(0x0e),
  'wire type 7': Uint8Array.of(0x0f),
  'a varint of 11 bytes': Buffer.concat([Uint8Array.of(0x10), Buffer.alloc(11, 0xff)]),
  'a length of 2^31': Uint8Array.of(0x22, 0x80, 0x80, 0x80, 0x80, 0x08),
  'a length past the end': Uint8Array.of(0x22, 0x05, 0x08, 0x01),
};
/** Unknown fields are skipped: these are messages of every type. */
const odd: Readonly<Record<string, Uint8Array>> = {
  'messages nested 10^5 deep in an unknown field': nestedMessages(unknown, deep),
  'groups nested 50 deep': nestedGroups(unknown, 50),
  'a field named __proto__': field(unknown, '__proto__'),
};

/** What a message without any known field comes to. */
function emptyStatus(path: string): string {
  if (/PricingService|CreateRegion|Download|SetPolicy/.test(path)) return 'INVALID_ARGUMENT';
  return path.endsWith('ReleaseRegion') ? 'NOT_FOUND' : 'OK';
}

describe('bad bytes', function () {
  this.timeout(60_000);
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

  /** Twenty requests at once in each run. */
  const judgeEach = (requests: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(fc.array(requests, { minLength: 20, maxLength: 20 }), async (all) => {
        const answers = await Promise.all(all.map((bytes) => client.call(pricePath, bytes)));
        answers.forEach((answer, index) => judge(all[index]!, answer));
      }),
      { numRuns },
    );

  for (const path of unaryPaths) {
    it(`${path} refuses what is no message`, async () => {
      for (const [title, bytes] of Object.entries(broken)) {
        const answer = await client.call(path, bytes);
        const isOurs = path.startsWith('/acceld.');
        // grpc-js itself asks for the message of the health service, and has one status for what is none.
        const expected = isOurs ? ['INVALID_ARGUMENT'] : ['OK', 'INTERNAL'];
        assert.ok(expected.includes(answer.status), `${title}: ${answer.status} ${answer.message}`);
        if (isOurs)
          assert.deepEqual(
            answer.violations.map((violation) => violation.field),
            ['request'],
            title,
          );
      }
    });

    it(`${path} skips unknown fields`, async () => {
      for (const [title, bytes] of Object.entries(odd)) {
        const answer = await client.call(path, bytes);
        assert.equal(answer.status, emptyStatus(path), `${title}: ${answer.message}`);
        assert.ok(
          answer.violations.every((violation) => violation.field !== 'request'),
          title,
        );
      }
    });
  }

  for (const path of reflectionPaths) {
    it(`${path} survives what is no message`, async () => {
      for (const [title, bytes] of Object.entries({ ...broken, ...odd })) {
        const { status, replies } = await client.converse(path, [bytes]);
        assert.ok(status === 'INTERNAL' || (status === 'OK' && replies.length === 1), `${title}: ${status}`);
      }
    });

    it(`${path} finds nothing under the names that every object has`, async () => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        // file_by_filename, file_containing_symbol, file_containing_extension, all_extension_numbers_of_type
        const extension = Buffer.concat([field(1, name), Uint8Array.of(0x10, 1)]);
        const asked = [field(3, name), field(4, name), field(5, extension), field(6, name)];
        const { status, replies } = await client.converse(path, asked);
        assert.equal(status, 'OK');
        const answers = replies.map((reply) => fieldNumbers(reply).filter((number) => number > originalRequest));
        assert.deepEqual(answers, Array(4).fill([errorResponse]), name);
      }
    });
  }

  it('health knows no service by such a name, nor by one that is no text', async () => {
    for (const name of ['__proto__', 'constructor', Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xff, 0xfe)]) {
      const answer = await client.call('/grpc.health.v1.Health/Check', field(1, name));
      assert.equal(answer.info?.reason, 'SERVICE_UNKNOWN', `${name.toString()}: ${answer.message}`);
    }
  });

  it('keeps such keys of a map as keys', () => {
    const entry = field(3, Buffer.concat([field(1, '__proto__'), field(2, 'x')]));
    const { metadata } = ErrorInfo.decode(entry);
    assert.deepEqual([...metadata], [['__proto__', 'x']]);
    assert.equal(Object.getPrototypeOf(metadata), Map.prototype);
  });

  it('answers random bytes with a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) =>
        judge(bytes, await client.call(pricePath, bytes)),
      ),
      { numRuns: 1000 },
    );
  });

  it('answers every mutation of a request with finite numbers or a refusal', async () => {
    const seeds = [
      encoded(),
      encoded({ values: [...everyValue], spot: f64(90, 100, 110), type: codes(1, 2, 1) }),
      encoded({ execution: { device: 1, fallback: 1, precision: 1, priority: 1, validateOnly: false } }),
    ];
    await judgeEach(mutations(seeds), 150);
  });

  it('accepts exactly the numbers that the contract allows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
        const column = (index: number) => f64(...rows.map((each) => each[index]!));
        const answer = await client.call(
          pricePath,
          encoded({
            values: [...everyValue],
            type: codes(...rows.map((_, index) => 1 + (index % 2))),
            spot: column(0),
            strike: column(1),
            rate: column(2),
            dividendYield: column(3),
            volatility: column(4),
            yearsToExpiry: column(5),
          }),
        );
        const areLegal = rows.every(isLegal);
        assert.equal(answer.status, areLegal ? 'OK' : 'INVALID_ARGUMENT', answer.message);
        assertFinite(answer.bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

function judge(bytes: Uint8Array, answer: Answer): void {
  if (answer.status === 'OK') return assertFinite(answer.bytes);
  if (answer.status === 'FAILED_PRECONDITION') {
    const { execution } = PriceOptionsRequest.decode(bytes);
    assert.deepEqual([answer.info?.reason, execution?.fallback], ['DEVICE_ABSENT', 2]);
    return;
  }
  assert.equal(answer.status, 'INVALID_ARGUMENT', answer.message);
  assert.ok(answer.violations.length > 0);
}

/** One to four changes of one of the seeds: bits flipped, bytes inserted, cut, repeated or taken from another seed. */
function mutations(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    kind: fc.constantFrom('flip', 'insert', 'cut', 'repeat', 'splice'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 32 }),
    byte: fc.integer({ min: 0, max: 255 }),
    other: fc.constantFrom(...seeds),
  });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([seed, changes]) => changes.reduce(mutate, Buffer.from(seed)));
}

interface Change {
  readonly kind: string;
  readonly at: number;
  readonly length: number;
  readonly byte: number;
  readonly other: Uint8Array;
}

function mutate(bytes: Buffer, { kind, at, length, byte, other }: Change): Buffer {
  const begin = Math.floor(at * bytes.length);
  const [head, middle, tail] = [
    bytes.subarray(0, begin),
    bytes.subarray(begin, begin + length),
    bytes.subarray(begin + length),
  ];
  if (kind === 'insert') return Buffer.concat([head, Buffer.alloc(length, byte), middle, tail]);
  if (kind === 'cut') return Buffer.concat([head, tail]);
  if (kind === 'repeat') return Buffer.concat([head, middle, middle, tail]);
  if (kind === 'splice') return Buffer.concat([head, other.subarray(Math.floor(at * other.length))]);
  return Buffer.concat([head, Uint8Array.of((bytes[begin] ?? 0) ^ (1 << (byte % 8))), bytes.subarray(begin + 1)]);
}

/** Numbers at and beyond the borders of proto/acceld/v1/price_options.proto, and ordinary ones. */
const edges = [
  NaN,
  Infinity,
  -Infinity,
  -1,
  -0,
  0,
  5e-324,
  9.999e-10,
  1e-9,
  1e-5,
  0.2,
  1,
  2,
  2.0001,
  10,
  10.01,
  25,
  200,
  201,
];
const number = fc.oneof(fc.constantFrom(...edges, 1e12, 1.0001e12), fc.double());
const price = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1e-9, 1, 99, 100, 101, 1e12) },
  { weight: 1, arbitrary: number },
);
const rate = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(-2, -0.01, 0, 0.05, 0.25, 2) },
  { weight: 1, arbitrary: number },
);
const volatility = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0, 1e-9, 0.2, 3, 10) },
  { weight: 1, arbitrary: number },
);
const years = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0, 1e-9, 0.5, 1, 25, 200) },
  { weight: 1, arbitrary: number },
);
const row = fc.tuple(price, price, rate, rate, volatility, years);

function isLegal([spot, strike, r, q, sigma, t]: readonly [number, number, number, number, number, number]): boolean {
  const within = (value: number, min: number, max: number): boolean => value >= min && value <= max;
  return (
    [spot, strike].every((value) => within(value, 1e-9, 1e12)) &&
    [r, q].every((value) => within(value, -2, 2) && Math.abs(value * t) <= 50) &&
    (sigma === 0 || within(sigma, 1e-9, 10)) &&
    (t === 0 || within(t, 1e-9, 200))
  );
}
