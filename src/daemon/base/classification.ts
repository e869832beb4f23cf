import type { Priority } from '../../gen/acceld/v1/execution.js';

/** A call that names no priority. */
export interface Unclassified {
  readonly caller: string;
  readonly operation: string;
  /** Predicted device time. 0: it is not known beforehand. */
  readonly estimateNs: number;
}

/** The priority that it gets, and why. Undefined: nobody classifies, and it is INTERACTIVE. */
export type Classify = (call: Unclassified) => { readonly priority: Priority; readonly reason: string } | undefined;
