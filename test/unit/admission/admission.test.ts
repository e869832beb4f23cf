import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Admission, type AdmissionLimits } from '../../../src/daemon/admission/admission.js';
import type { Caller } from '../../../src/daemon/base/caller.js';
import { Fault } from '../../../src/daemon/base/fault.js';

const caller = (name: string): Caller => ({ name, connection: `${name}#1`, pid: 1, isOperator: false });
const limits = (requests: number, bytes: number, queued: number): AdmissionLimits => ({
  requestsInFlightMax: requests,
  bytesInFlightMax: bytes,
  queuedMax: queued,
});

function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Fault);
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe('admission', () => {
  it('refuses the call above the limit of requests, naming limit and use', () => {
    const admission = new Admission({ perCaller: limits(2, 100, 2), daemon: limits(10, 1000, 10) });
    admission.admit(caller('a'), 1);
    admission.admit(caller('a'), 1);
    const fault = faultOf(() => admission.admit(caller('a'), 1));
    assert.equal(fault.code, 'REQUESTS_EXCEEDED');
    assert.deepEqual(fault.quota, [{ subject: 'caller:a', description: 'requests in flight: 3 would exceed 2' }]);
    assert.ok(fault.retryAfterMs! > 0);
    assert.doesNotThrow(() => admission.admit(caller('b'), 1));
  });

  it('refuses bytes at the border and not before', () => {
    const admission = new Admission({ perCaller: limits(9, 100, 2), daemon: limits(10, 150, 10) });
    admission.admit(caller('a'), 100);
    assert.equal(faultOf(() => admission.admit(caller('a'), 1)).code, 'BYTES_EXCEEDED');
    const fault = faultOf(() => admission.admit(caller('b'), 51));
    assert.deepEqual(fault.quota, [{ subject: 'daemon', description: 'bytes in flight: 151 would exceed 150' }]);
  });

  it('gives everything back once, however often a ticket is released', () => {
    const admission = new Admission({ perCaller: limits(2, 100, 2), daemon: limits(10, 1000, 10) });
    const ticket = admission.admit(caller('a'), 60);
    assert.deepEqual([ticket.requestsLeft, ticket.bytesLeft], [1, 40]);
    ticket.release();
    ticket.release();
    assert.deepEqual(admission.total, { requests: 0, bytes: 0, queued: 0 });
    assert.deepEqual(admission.usage(caller('a')), { requests: 0, bytes: 0, queued: 0 });
  });

  it('bounds the jobs that wait', () => {
    const admission = new Admission({ perCaller: limits(9, 100, 1), daemon: limits(10, 1000, 10) });
    const [first, second] = [admission.admit(caller('a'), 1), admission.admit(caller('a'), 1)];
    first.enterQueue();
    assert.equal(faultOf(() => second.enterQueue()).code, 'QUEUE_FULL');
    first.leaveQueue();
    assert.doesNotThrow(() => second.enterQueue());
  });

  it('forgets idle callers, so that new names cannot fill the memory, and keeps busy ones', () => {
    const admission = new Admission({ perCaller: limits(1, 100, 1), daemon: limits(100_000, 1e9, 10) });
    admission.admit(caller('busy'), 1);
    for (let index = 0; index < 10_000; index += 1) admission.admit(caller(`uid:${index}`), 1).release();
    assert.equal(faultOf(() => admission.admit(caller('busy'), 1)).code, 'REQUESTS_EXCEEDED');
  });
});
