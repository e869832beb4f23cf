import {
  ServerInterceptingCall,
  type Metadata,
  type ServerInterceptor,
  type ServerInterceptingCallInterface,
} from '@grpc/grpc-js';
import { Fault } from '../base/fault.js';
import { requestId } from '../base/request-id.js';
import { faultStatus } from './fault-status.js';
import type { Identity } from './identity.js';

/**
 * The one interceptor: refuses a call before any byte of its message is read. A call that passes is not wrapped, so the
 * guard costs one look-up.
 */
export function createInterceptor(identity: Identity, wallMs: () => number): ServerInterceptor {
  return (_method, call) => {
    const fault = judge(identity, call);
    return fault === undefined ? (call as ServerInterceptingCall) : refusing(call, fault, wallMs);
  };
}

function judge(identity: Identity, call: ServerInterceptingCallInterface): Fault | undefined {
  if (identity.find(call.getPeer()) === undefined) {
    return new Fault('CALLER_UNKNOWN', 'the connection has no known caller');
  }
  // grpc-js takes the encoding out of the metadata before an interceptor sees them, and keeps it in this field.
  const { incomingEncoding } = call as unknown as { incomingEncoding: string };
  if (incomingEncoding !== 'identity') {
    return new Fault('COMPRESSION_REFUSED', `messages must not be compressed, got ${incomingEncoding.slice(0, 32)}`);
  }
  return undefined;
}

function refusing(call: ServerInterceptingCallInterface, fault: Fault, wallMs: () => number): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: (metadata: Metadata) => {
          call.sendStatus(faultStatus(fault, requestId(metadata.get('x-request-id')[0], wallMs())));
        },
      });
    },
  });
}
