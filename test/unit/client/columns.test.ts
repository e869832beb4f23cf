import assert from 'node:assert/strict';
import { assertLittleEndian, fromTensor, toWire } from '../../../src/client/columns.js';
import { Fault } from '../../../src/client/index.js';
import { Precision } from '../../../src/gen/acceld/v1/execution.js';
import { DataType, type Tensor } from '../../../src/gen/acceld/v1/tensor.js';
import { catalog } from '../../../src/gen/catalog.js';

const method = catalog.pricing.priceOptions;
const wire = (request: Record<string, unknown>) => toWire(method, request) as Record<string, Tensor>;

function violationsOf(request: Record<string, unknown>): readonly (readonly [string, string])[] {
  try {
    toWire(method, request);
  } catch (error) {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, 'INVALID_INPUT');
    return error.violations.map(({ field, description }) => [field, description] as const);
  }
  return [];
}

describe('client: columns to the wire', () => {
  it('sends typed arrays as views of the same memory', () => {
    const all = Float64Array.of(1, 2, 3, 4);
    const spot = all.subarray(1, 3);
    const type = Uint8Array.of(1, 2);
    const message = wire({ spot, type });
    assert.equal(message['spot']?.data.buffer, all.buffer);
    assert.equal(message['spot']?.data.byteOffset, 8);
    assert.deepEqual(message['spot']?.shape, [2]);
    assert.equal(message['type']?.data, type);
  });

  it('turns numbers and arrays into columns of doubles', () => {
    const message = wire({ spot: 7, strike: [1.5, 2.5], type: [1, 2] });
    const doubles = (tensor: Tensor) => new Float64Array(tensor.data.buffer);
    assert.deepEqual(doubles(message['spot']!), Float64Array.of(7));
    assert.deepEqual(doubles(message['strike']!), Float64Array.of(1.5, 2.5));
    assert.deepEqual(message['type'], { dtype: DataType.DATA_TYPE_U8, shape: [2], data: Uint8Array.of(1, 2) });
    assert.equal(message['execution'], undefined);
  });

  it('takes Float32Array to mean PRECISION_F32, and numbers follow', () => {
    const message = wire({ spot: Float32Array.of(1), strike: [1.1] });
    assert.equal(message['strike']?.dtype, DataType.DATA_TYPE_F32);
    assert.deepEqual(message['execution'], { precision: Precision.PRECISION_F32 });
  });

  it('keeps the other execution options', () => {
    const message = wire({ spot: Float32Array.of(1), execution: { device: 3 } });
    assert.deepEqual(message['execution'], { device: 3, precision: Precision.PRECISION_F32 });
  });

  it('lets numbers follow the precision that was asked for', () => {
    const message = wire({ strike: [1.1], execution: { precision: Precision.PRECISION_F32 } });
    assert.equal(message['strike']?.dtype, DataType.DATA_TYPE_F32);
  });

  it('refuses to mix types of arrays, naming both sides', () => {
    const fields = { spot: Float32Array.of(1), dividendYield: Float64Array.of(0), strike: Float64Array.of(2) };
    const found = violationsOf(fields);
    assert.deepEqual(
      found.map(([field]) => field),
      ['strike', 'dividend_yield'],
    );
    assert.match(found[0]![1], /as spot/);
  });

  it('refuses arrays that contradict the precision', () => {
    const [wide, narrow] = [{ spot: Float64Array.of(1) }, { spot: Float32Array.of(1) }];
    assert.equal(violationsOf({ ...wide, execution: { precision: Precision.PRECISION_F32 } }).length, 1);
    assert.equal(violationsOf({ ...narrow, execution: { precision: Precision.PRECISION_F64 } }).length, 1);
  });

  it('names every value that is no column', () => {
    const found = violationsOf({ spot: 'x', strike: [1, '2'], rate: new Map(), volatility: null, type: [1, 256] });
    assert.deepEqual(found.map(([field]) => field).sort(), ['rate', 'spot', 'strike', 'type', 'volatility']);
    const codes = (type: unknown) => violationsOf({ type }).length;
    assert.deepEqual(
      [codes([1.5]), codes([-1]), codes('call'), codes(Float64Array.of(1)), codes(300)],
      [1, 1, 1, 1, 1],
    );
  });

  it('needs a little-endian machine', () => {
    assert.throws(() => assertLittleEndian('BE'), /little-endian/);
    assertLittleEndian();
  });
});

describe('client: columns from the wire', () => {
  const tensor = (dtype: DataType, data: Uint8Array, length: number) => ({ dtype, shape: [length], data });
  const numbers = Float64Array.of(1.5, -2);

  it('gives a view where the bytes are aligned', () => {
    const data = new Uint8Array(numbers.buffer);
    const column = fromTensor('price', tensor(DataType.DATA_TYPE_F64, data, 2));
    assert.deepEqual(column, numbers);
    assert.equal(column.buffer, numbers.buffer);
  });

  it('copies where they are not, also from a Buffer', () => {
    const odd = Buffer.alloc(19);
    odd.set(new Uint8Array(numbers.buffer), 3);
    assert.deepEqual(fromTensor('price', tensor(DataType.DATA_TYPE_F64, odd.subarray(3), 2)), numbers);
  });

  it('gives each type its own array', () => {
    const bytes = Uint8Array.of(1, 0, 0, 0);
    assert.deepEqual(fromTensor('a', tensor(DataType.DATA_TYPE_U32, bytes, 1)), Uint32Array.of(1));
    assert.deepEqual(fromTensor('a', tensor(DataType.DATA_TYPE_U8, bytes, 4)), bytes);
    assert.ok(fromTensor('a', tensor(DataType.DATA_TYPE_F32, bytes, 1)) instanceof Float32Array);
  });

  it('refuses a tensor that is no whole column', () => {
    const bytes = new Uint8Array(16);
    assert.throws(() => fromTensor('price', tensor(DataType.DATA_TYPE_F64, bytes, 3)), /price/);
    assert.throws(() => fromTensor('price', { dtype: DataType.DATA_TYPE_F64, shape: [1, 2], data: bytes }), /price/);
    assert.throws(() => fromTensor('price', tensor(9 as DataType, bytes, 2)), /price/);
  });
});
