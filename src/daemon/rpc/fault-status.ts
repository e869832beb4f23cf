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

/** The status with every detail that the fault has, in `grpc-status-details-bin`. */
export function faultStatus(fault: Fault, requestId: string): StatusObject {
  const { status, retryable } = faultKinds[fault.code];
  const metadataOfError = new Map([['retryable', String(retryable)]]);
  const details = [
    detail('google.rpc.ErrorInfo', ErrorInfo, { reason: fault.code, domain: 'acceld', metadata: metadataOfError }),
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
  const code = Status[status];
  const metadata = new Metadata();
  const rich = RichStatus.encode({ code, message: fault.message, details }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(rich.buffer, rich.byteOffset, rich.byteLength));
  return { code, details: fault.message, metadata };
}
