import type { Operation } from './operation.js';
import { priceOptions } from './price-options.js';

/** Every operation, one line each. Handlers, metrics and roles are derived from this list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each operation's own types meet only inside it
export const operations: readonly Operation<any, any, any>[] = [priceOptions];
