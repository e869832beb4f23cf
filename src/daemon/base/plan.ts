import type { Device, Precision, Priority } from '../../gen/acceld/v1/execution.js';

/** ExecutionOptions with every default filled in. */
export interface Execution {
  readonly device: Device;
  readonly fallbackAllowed: boolean;
  readonly precision: Precision;
  readonly reproducible: boolean;
  readonly priority: Priority;
  readonly validateOnly: boolean;
}

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
