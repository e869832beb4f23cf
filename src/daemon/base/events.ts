import type { Device, Priority } from '../../gen/acceld/v1/execution.js';
import type { FaultCode } from './fault.js';

/** What rooms announce. Telemetry alone decides what is counted, logged or kept. */
export type Event =
  | Started
  | { readonly kind: 'stopping'; readonly reason: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'connection-opened'; readonly caller: string; readonly pid: number }
  | { readonly kind: 'connection-closed'; readonly caller: string }
  | { readonly kind: 'connection-refused'; readonly reason: string }
  | CallFinished
  | WorkerEvent
  | KernelEvent
  | RegionEnded
  | { readonly kind: 'bug'; readonly where: string; readonly requestId: string; readonly error: unknown };

/** The daemon serves. */
export interface Started {
  readonly kind: 'started';
  readonly version: string;
  readonly socket: string;
  readonly tcpPort: number | undefined;
  readonly httpPort: number | undefined;
  /** Milliseconds from the start of the process. */
  readonly startMs: number;
}

/** A call of an operation or of the admin service was answered. */
export interface CallFinished {
  readonly kind: 'call-finished';
  readonly requestId: string;
  readonly caller: string;
  readonly operation: string;
  readonly priority: Priority;
  readonly device: Device;
  /** "OK" or the fault's code. */
  readonly outcome: 'OK' | FaultCode;
  readonly message: string;
  readonly rows: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of columns, inside messages and in regions. */
  readonly copiedBytes: number;
  readonly sharedBytes: number;
  readonly queueNs: number;
  readonly computeNs: number;
  readonly totalNs: number;
}

/** A region was given back, lost its last connection, or went with the daemon. */
export interface RegionEnded {
  readonly kind: 'region-ended';
  readonly id: string;
  readonly owner: string;
  readonly bytes: number;
  readonly reason: 'released' | 'lease-ended' | 'daemon-stopped';
}

/** What became of the process that owns a device. `device`: "cpu" or "gpu". */
export type WorkerEvent =
  | { readonly kind: 'worker-started'; readonly device: string; readonly pid: number; readonly startMs: number }
  | { readonly kind: 'worker-qualified'; readonly device: string; readonly pid: number; readonly kernels: number }
  | {
      readonly kind: 'worker-died';
      readonly device: string;
      readonly pid: number;
      readonly cause: string;
      /** Jobs that were executing on it, and jobs that waited in it. */
      readonly accused: number;
      readonly lost: number;
    }
  /** No worker of the device comes to serve; it is tried again every minute. */
  | { readonly kind: 'worker-down'; readonly device: string; readonly reason: string };

/** What was found out about the results of a kernel on a device. */
export type KernelEvent =
  | { readonly kind: 'kernel-quarantined'; readonly device: Device; readonly kernel: string; readonly reason: string }
  /** A result in service was computed again on the CPU. */
  | { readonly kind: 'result-checked'; readonly device: Device; readonly kernel: string; readonly isSame: boolean };

export type Announce = (event: Event) => void;
