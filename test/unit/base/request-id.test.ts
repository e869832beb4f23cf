import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { requestId } from '../../../src/daemon/base/request-id.js';

describe('request id', () => {
  it('keeps the client’s own', () => {
    assert.equal(requestId('order-17/a', 0), 'order-17/a');
    assert.equal(requestId('x'.repeat(64), 0).length, 64);
  });

  it('makes a UUIDv7 in place of one that is absent, long or unprintable', () => {
    for (const odd of [undefined, '', 'x'.repeat(65), 'a b', 'a\nb', '\u202eabc', Buffer.from('a'), 'é']) {
      const id = requestId(odd, 0x0123456789ab);
      assert.match(id, /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    assert.notEqual(requestId(undefined, 1), requestId(undefined, 1));
  });
});
