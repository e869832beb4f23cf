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
  readonly queueNs: number;
  readonly computeNs: number;
  readonly totalNs: number;
}

export type Announce = (event: Event) => void;
