import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { takeRequest } from '../../../src/daemon/rpc/descriptor-socket.js';

const token = Buffer.alloc(16, 7);
const request = (id: string): Buffer => Buffer.concat([Buffer.of(id.length), Buffer.from(id), token]);

describe('descriptor socket', () => {
  it('reads a request once it is whole', () => {
    const whole = request('region-1');
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(takeRequest(whole.subarray(0, length)), undefined);
    }
    const taken = takeRequest(whole);
    assert.deepEqual([taken?.id, taken?.bytes, Buffer.from(taken!.token)], ['region-1', whole.length, token]);
  });

  it('leaves what follows for the next one', () => {
    const two = Buffer.concat([request('region-1'), request('region-22')]);
    const first = takeRequest(two)!;
    assert.equal(takeRequest(two.subarray(first.bytes))?.id, 'region-22');
  });

  it('takes an empty and the longest id', () => {
    assert.equal(takeRequest(request(''))?.id, '');
    assert.equal(takeRequest(request('x'.repeat(255)))?.id.length, 255);
  });
});
