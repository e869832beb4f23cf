import type { Device, Priority } from '../../gen/acceld/v1/execution.js';
import type { Reason, Rung, Voice } from './allowance.js';
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
  | PolicyEvent
  | ConfigurationEvent
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
  | { readonly kind: 'worker-down'; readonly device: string; readonly reason: string }
  /** Its kernels must be compiled before a worker can serve, and policy lets no compile begin now. */
  | { readonly kind: 'compile-held'; readonly device: string; readonly rung: Rung };

/** What was found out about the results of a kernel on a device. */
export type KernelEvent =
  | { readonly kind: 'kernel-quarantined'; readonly device: Device; readonly kernel: string; readonly reason: string }
  /** A result in service was computed again on the CPU. */
  | { readonly kind: 'result-checked'; readonly device: Device; readonly kernel: string; readonly isSame: boolean };

/** What policy lets run, and who had a say in it. */
export type PolicyEvent =
  | { readonly kind: 'allowance-changed'; readonly from: Rung; readonly to: Rung; readonly reasons: readonly Reason[] }
  /** A voice that could not be read abstains from now on, or can be read again. */
  | { readonly kind: 'voice-lost'; readonly voice: Voice; readonly reason: string }
  | { readonly kind: 'voice-found'; readonly voice: Voice }
  /** An operator silenced a voice, or it has its say again. */
  | { readonly kind: 'voice-muted'; readonly voice: Voice; readonly caller: string; readonly untilMs: number }
  | { readonly kind: 'voice-unmuted'; readonly voice: Voice; readonly caller: string };

/** `hash`: SHA-256 of the settings in force, first 16 hexadecimal digits. */
export type ConfigurationEvent =
  | { readonly kind: 'configuration-accepted'; readonly hash: string; readonly file: string | undefined }
  | { readonly kind: 'configuration-refused'; readonly problems: readonly string[] }
  /** The file was bad at the start, and the copy that was accepted last is in force. */
  | { readonly kind: 'configuration-stale'; readonly hash: string; readonly problems: readonly string[] };

export type Announce = (event: Event) => void;
