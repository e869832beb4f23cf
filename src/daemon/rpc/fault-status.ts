// Fault to gRPC status. The only file of the daemon that knows status codes.
import { Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { Receipt } from '../../gen/acceld/v1/execution.js';
import { BadRequest, ErrorInfo, QuotaFailure, RequestInfo, RetryInfo } from '../../gen/google/rpc/error_details.js';
import { Status as RichStatus } from '../../gen/google/rpc/status.js';
import { faultKinds, type Fault } from '../base/fault.js';

interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

const detail = <Message>(name: string, codec: Codec<Message>, message: Message): RichStatus['details'][number] => ({
  typeUrl: `type.googleapis.com/${name}`,
  value: codec.encode(message).finish(),
});

/** The status with every detail that the fault has. */
export function richStatus(fault: Fault, requestId: string): RichStatus {
  const { status, retryable } = faultKinds[fault.code];
  const metadata = new Map([['retryable', String(retryable)]]);
  const details = [
    detail('google.rpc.ErrorInfo', ErrorInfo, { reason: fault.code, domain: 'acceld', metadata }),
    detail('google.rpc.RequestInfo', RequestInfo, { requestId, servingData: '' }),
  ];
  if (fault.violations.length > 0) {
    details.push(detail('google.rpc.BadRequest', BadRequest, { fieldViolations: [...fault.violations] }));
  }
  if (fault.quota.length > 0) {
    details.push(detail('google.rpc.QuotaFailure', QuotaFailure, { violations: [...fault.quota] }));
  }
  if (fault.retryAfterMs !== undefined) {
    const seconds = Math.floor(fault.retryAfterMs / 1000);
    const nanos = (fault.retryAfterMs % 1000) * 1e6;
    details.push(detail('google.rpc.RetryInfo', RetryInfo, { retryDelay: { seconds: BigInt(seconds), nanos } }));
  }
  if (fault.receipt !== undefined) details.push(detail('acceld.v1.Receipt', Receipt, fault.receipt));
  return { code: Status[status], message: fault.message, details };
}

/** The same as gRPC ends a call with it: the details in `grpc-status-details-bin`. */
export function faultStatus(fault: Fault, requestId: string): StatusObject {
  const rich = richStatus(fault, requestId);
  const bytes = RichStatus.encode(rich).finish();
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { code: rich.code, details: fault.message, metadata };
}
