import type { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Receipt } from '../../gen/acceld/v1/execution.js';
import type { Execution } from './execution.js';

export type NumberView = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
export type View = NumberView | Uint8Array<ArrayBufferLike> | Uint32Array<ArrayBuffer>;

/** What a job needs of a device, known before it is admitted. */
export interface Plan {
  readonly execution: Execution;
  /** Name of the kernel, as "price-options-f64". */
  readonly kernel: string;
  readonly params: Uint8Array;
  readonly rows: number;
  /** Work in one row, in units of the kernel: 1 where every row costs the same. */
  readonly rowUnits: number;
  /** Columns of `rows` elements, or of one that holds for every row. */
  readonly inputs: readonly View[];
  /** For each output of the kernel, whether it is wanted. All have the precision's type. */
  readonly outputs: readonly boolean[];
}

/** What the device computed. */
export interface Result {
  /** One column for each output of the plan, null where it was not wanted. */
  readonly outputs: readonly (NumberView | null)[];
  /** Some output is not finite. */
  readonly notFinite: boolean;
}

/** The codec and the names of a method, from the catalog. */
export interface Method<Request, Response> {
  readonly name: string;
  readonly path: string;
  readonly request: { decode(input: BinaryReader): Request };
  readonly response: { encode(message: Response): { finish(): Uint8Array } };
}

/** A kind of request. Pure: no clock, no device, no caller. */
export interface Operation<Request, Job, Response> {
  readonly method: Method<Request, Response>;
  /** Wire message to job. Throws a Fault that names every field at fault. */
  parse(request: Request): Job;
  plan(job: Job): Plan;
  /** Result to wire message; without a result (validate_only) the receipt alone. */
  reply(job: Job, result: Result | null, receipt: Receipt): Response;
}
