import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Precision, Receipt } from '../../../src/gen/acceld/v1/execution.js';
import { PriceOptionsResponse } from '../../../src/gen/acceld/v1/price_options.js';
import { columnHeaderBytes, encodeColumnReply, receiptRoomBytes } from '../../../src/daemon/operations/column-reply.js';

describe('column reply', () => {
  it('is read by the codec as what was written, for any number of rows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), fc.boolean(), (rows, isWide) => {
        const before = columnHeaderBytes(rows, isWide ? 8 : 4);
        const columnBytes = rows * (isWide ? 8 : 4);
        const memory = new Uint8Array(2 * (before + columnBytes) + receiptRoomBytes);
        const columns = [0, 1].map((index) => {
          const begin = index * (before + columnBytes) + before;
          return memory.subarray(begin, begin + columnBytes).fill(index + 1);
        });
        const result = { memory, outputs: [columns[0]!, null, columns[1]!], notFinite: false };
        const reply = {
          rows,
          precision: isWide ? Precision.PRECISION_F64 : Precision.PRECISION_F32,
          fields: [2, 3, 4],
        };
        const response = PriceOptionsResponse.decode(
          encodeColumnReply(reply, result, Receipt.fromPartial({ requestId: 'r' })),
        );
        assert.deepEqual([response.price!.dtype, response.price!.shape], [isWide ? 1 : 2, [rows]]);
        assert.equal(response.gamma!.data.length, columnBytes);
        assert.ok(response.gamma!.data.every((byte) => byte === 2));
        assert.deepEqual([response.receipt!.requestId, response.delta], ['r', undefined]);
      }),
      { numRuns: 50 },
    );
  });
});
