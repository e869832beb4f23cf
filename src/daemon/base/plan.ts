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

/** What a job needs of a device, known before it is admitted. */
export interface Plan {
  readonly execution: Execution;
  /** Name of the kernel, as "price-options-f64". */
  readonly kernel: string;
  readonly params: Uint8Array;
  readonly rows: number;
  /** Work in one row, in units of the kernel: 1 where every row costs the same. */
  readonly rowUnits: number;
  /** Columns of `rows` elements, or of one that holds for every row; as bytes at any address, or as typed arrays. */
  readonly inputs: readonly ArrayBufferView[];
  /** For each output of the kernel, whether it is wanted. All have the precision's type. */
  readonly outputs: readonly boolean[];
}

/** What the device computed. */
export interface Result {
  /** One column for each output of the plan, in the precision's type and aligned to it; null where it was not wanted. */
  readonly outputs: readonly (Uint8Array | null)[];
  /** Some output is not finite. */
  readonly notFinite: boolean;
}
