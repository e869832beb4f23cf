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
  /** Bytes kept free before each output column and behind the last, for what the reply writes there. */
  readonly room: { readonly before: number; readonly behind: number };
}

/** Nothing is written between the columns: they follow one another, aligned. */
export const noRoom = { before: 0, behind: 0 } as const;

/** What the device computed. */
export interface Result {
  /** One column for each output of the plan, in the precision's type; null where it was not wanted. */
  readonly outputs: readonly (Uint8Array | null)[];
  /** The columns with the room around them. */
  readonly memory: Uint8Array;
  /** Some output is not finite. */
  readonly notFinite: boolean;
}
