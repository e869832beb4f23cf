// Client of acceld for Node: pure JavaScript, no addon, no install script.
export * from '../gen/enums.js';
export type { ExecutionOptions, FallbackTaken, QuotaLeft, Receipt } from '../gen/acceld/v1/execution.js';
export { connect, type Client } from './client.js';
export { Fault, localFaults, type QuotaViolation, type Violation } from './fault.js';
export type { ElementType, Region } from './region.js';
export { RegionColumn } from './region-column.js';
export type { RetryPolicy } from './retry.js';
export type { Session } from './session.js';
export type { CallOptions, ConnectOptions, SessionCallOptions } from './settings.js';
export { defaultSocketPath } from './socket-path.js';
export type { CodeColumn, NumberColumn, Services, ValueColumn } from './types.js';
