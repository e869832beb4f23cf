// Columns of golden jobs: the same numbers on every machine.
import { DataType, type Tensor } from '../../gen/acceld/v1/tensor.js';

/** Enough for every branch of a kernel, in every lane of the widest vector. */
export const goldenRows = 2_048;

/** Marsaglia's xorshift32: 32 bits. */
function nextState(state: number): number {
  const a = state ^ (state << 13);
  const b = a ^ (a >>> 17);
  return b ^ (b << 5);
}

/** Numbers from low to high, spread evenly over their logarithm; every `zeroEvery`-th is 0. */
export function goldenNumbers(
  seed: number,
  [low, high]: readonly [number, number],
  { zeroEvery = Infinity, precision = 8 }: { zeroEvery?: number; precision?: 4 | 8 } = {},
): Tensor {
  let state = seed;
  const numbers = Float64Array.from({ length: goldenRows }, (_, row) => {
    state = nextState(state);
    const share = (state >>> 0) / 2 ** 32;
    return (row + 1) % zeroEvery === 0 ? 0 : low * (high / low) ** share;
  });
  const column = precision === 8 ? numbers : Float32Array.from(numbers);
  const dtype = precision === 8 ? DataType.DATA_TYPE_F64 : DataType.DATA_TYPE_F32;
  return tensor(dtype, new Uint8Array(column.buffer));
}

/** Codes 1 and 2 in turn. */
export const goldenCodes = (): Tensor =>
  tensor(
    DataType.DATA_TYPE_U8,
    Uint8Array.from({ length: goldenRows }, (_, row) => 1 + (row % 2)),
  );

const tensor = (dtype: DataType, data: Uint8Array): Tensor => ({ dtype, shape: [goldenRows], data });
