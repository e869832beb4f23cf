import type { Device, Precision, Priority } from '../../gen/acceld/v1/execution.js';

/** ExecutionOptions with every default filled in. */
export interface Execution {
  readonly device: Device;
  readonly fallbackAllowed: boolean;
  readonly precision: Precision;
  readonly reproducible: boolean;
  readonly priority: Priority;
  /** The call named none. */
  readonly isPriorityUnset: boolean;
  readonly validateOnly: boolean;
}

/** Rows [begin, end) of a job. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/** What a device does around the kernel, in the same task, where columns lie in memory that a caller may write to at any time. */
export interface Guard {
  /**
   * Which values the inputs may hold: for each input of the kernel min, max, and 1 where 0 is allowed too (NaN, 0, 0: any
   * value); then for each bounded product two inputs and its largest magnitude.
   */
  readonly domain: Float64Array;
  /** A u32 per row: bit i + 1 says that output i is not finite, and 0 is stored in its place. Null: outputs stay as they are. */
  readonly mask: Uint8Array | null;
  /** Where an output is stored as one byte a row, a code, instead of as a column of numbers; for each output. */
  readonly codes: readonly (Uint8Array | null)[];
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
  /** Set where columns lie in regions, or have too many values to be judged on the event loop. */
  readonly guard?: Guard | undefined;
  /** Where the outputs go, instead of into memory of their own. */
  readonly targets?: readonly (Uint8Array | null)[] | undefined;
  /** Bytes of columns inside the messages, and in regions. Unset: the caller sent and gets none. */
  readonly traffic?: Traffic;
}

export interface Traffic {
  readonly copiedBytes: number;
  readonly sharedBytes: number;
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
  /** Rows in which the device found a value outside the guard's domain: nothing else of the result means anything. */
  readonly outOfDomain?: Rows | undefined;
}
