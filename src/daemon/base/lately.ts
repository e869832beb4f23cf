import type { CallerActivity, OperationActivity, SensorStatus } from '../../gen/acceld/v1/admin_service.js';
import type { Device } from '../../gen/acceld/v1/execution.js';

/** The last minute, as telemetry counts it and a status tells it. */
export interface Lately {
  /** Those of the last minute first; what they have in flight is admission's to say. */
  readonly callers: readonly CallerActivity[];
  readonly operations: OperationActivity[];
  readonly sensors: SensorStatus;
  /** Device time since the daemon began, and the share of it that was used in the last minute. */
  readonly busy: (device: Device) => { readonly busySeconds: number; readonly busyRatio: number };
}
