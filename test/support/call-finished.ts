import type { CallFinished } from '../../src/daemon/base/events.js';
import { Device, Priority } from '../../src/gen/acceld/v1/execution.js';

/** A call that succeeded within 3 ms, changed as a test wants it. */
export const callFinished = (change: Partial<CallFinished> = {}): CallFinished => ({
  kind: 'call-finished',
  requestId: 'r',
  caller: 'uid:1',
  operation: 'an-operation',
  priority: Priority.PRIORITY_ORDER,
  device: Device.DEVICE_CPU,
  outcome: 'OK',
  message: '',
  rows: 3,
  requestBytes: 10,
  responseBytes: 20,
  copiedBytes: 5,
  sharedBytes: 7,
  queueNs: 1e6,
  computeNs: 2e6,
  totalNs: 3e6,
  ...change,
});
