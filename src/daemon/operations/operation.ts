import type { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Receipt } from '../../gen/acceld/v1/execution.js';
import type { Plan, Result } from '../base/plan.js';
import type { Slices } from '../memory/slices.js';

/** The codec and the names of a method, from the catalog. */
export interface Method<Request, Response> {
  readonly name: string;
  readonly path: string;
  /** Role of proto/acceld/v1/annotations.proto: who may call it. */
  readonly role: string;
  readonly request: { decode(input: BinaryReader): Request };
  readonly response: { encode(message: Response): { finish(): Uint8Array } };
}

/** How a job that runs in rounds stands. */
export interface Standing {
  readonly elapsedNs: number;
  /** The deadline is so near that only the last message still gets through. */
  readonly isDeadlineNear: boolean;
  /** Policy lets no more of it run. */
  readonly isHeld: boolean;
}

/**
 * A kind of request that computes round by round until it has enough, and reports on its way. Pure, like an Operation.
 * Progress is a value: what the rounds absorbed so far came to.
 */
export interface RoundsOperation<Request, Job, Progress, Response> {
  readonly method: Method<Request, Response>;
  parse(request: Request): Job;
  /** Work whose result the rounds start from, if there is any. */
  prepare(job: Job): Plan | undefined;
  begin(job: Job, prepared: Result | undefined): Progress;
  /** Rows of all rounds together. */
  rows(job: Job): number;
  /** Rows [first, first + rows) of the job. */
  round(job: Job, first: number, rows: number): Plan;
  absorb(progress: Progress, result: Result, rows: number): Progress;
  /** Whether it is enough: called after each round. */
  isDone(job: Job, progress: Progress, standing: Standing): boolean;
  /** Nanoseconds between two messages. */
  reportNs(job: Job): number;
  /** Nanoseconds that it may take; Infinity: up to the deadline. */
  budgetNs(job: Job): number;
  /** Requests whose first rounds prove its kernel on a device, down to the bits. */
  golden(): readonly Request[];
  /** The message for the progress so far; with the receipt, the last one. */
  report(job: Job, progress: Progress, standing: Standing, receipt?: Receipt): Response;
}

/** A kind of request. Pure: no clock, no device, no caller. */
export interface Operation<Request, Job, Response> {
  readonly method: Method<Request, Response>;
  /** Wire message to job. Throws a Fault that names every field at fault. `slices` opens the regions that it names. */
  parse(request: Request, slices?: Slices): Job;
  plan(job: Job): Plan;
  /** Requests that prove its kernels on a device, down to the bits: every branch, and the edges. */
  golden(): readonly Request[];
  /** Result to the encoded reply; without a result (validate_only) the receipt alone. */
  reply(job: Job, result: Result | null, receipt: Receipt): Uint8Array;
}
