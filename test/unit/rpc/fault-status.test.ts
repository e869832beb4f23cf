import assert from 'node:assert/strict';
import { status as Status } from '@grpc/grpc-js';
import { describe, it } from 'mocha';
import { Fault, faultKinds, invalidInput, type FaultCode } from '../../../src/daemon/base/fault.js';
import { faultStatus } from '../../../src/daemon/rpc/fault-status.js';
import {
  BadRequest,
  ErrorInfo,
  QuotaFailure,
  RequestInfo,
  RetryInfo,
} from '../../../src/gen/google/rpc/error_details.js';
import { Status as RichStatus } from '../../../src/gen/google/rpc/status.js';

function details(fault: Fault): { rich: RichStatus; find: (name: string) => Uint8Array | undefined } {
  const rich = RichStatus.decode(faultStatus(fault, 'request-1').metadata.get('grpc-status-details-bin')[0] as Buffer);
  const find = (name: string) => rich.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${name}`)?.value;
  return { rich, find };
}

describe('fault to status', () => {
  it('gives every fault a status of gRPC, ErrorInfo and RequestInfo', () => {
    for (const code of Object.keys(faultKinds) as FaultCode[]) {
      const status = faultStatus(new Fault(code, 'a sentence'), 'request-1');
      assert.equal(Status[status.code], faultKinds[code].status);
      const { rich, find } = details(new Fault(code, 'a sentence'));
      assert.equal(rich.code, status.code);
      const info = ErrorInfo.decode(find('google.rpc.ErrorInfo')!);
      assert.deepEqual([info.reason, info.domain], [code, 'acceld']);
      assert.equal(info.metadata.get('retryable'), String(faultKinds[code].retryable));
      assert.equal(RequestInfo.decode(find('google.rpc.RequestInfo')!).requestId, 'request-1');
    }
  });

  it('carries every violation, the exceeded limit and the time to wait', () => {
    const violations = [
      { field: 'spot.data[3]', description: 'must be 1, got 2' },
      { field: 'rate', description: 'must be set, got nothing' },
    ];
    const bad = BadRequest.decode(details(invalidInput(violations)).find('google.rpc.BadRequest')!);
    assert.deepEqual(bad.fieldViolations, violations);
    const quota = [{ subject: 'daemon', description: 'jobs queued: 3 would exceed 2' }];
    const { find } = details(new Fault('QUEUE_FULL', 'full', { quota, retryAfterMs: 1250 }));
    assert.deepEqual(QuotaFailure.decode(find('google.rpc.QuotaFailure')!).violations, quota);
    const { retryDelay } = RetryInfo.decode(find('google.rpc.RetryInfo')!);
    assert.deepEqual(retryDelay, { seconds: 1n, nanos: 250_000_000 });
  });
});
