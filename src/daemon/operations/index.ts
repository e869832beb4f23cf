import type { Plan } from '../base/plan.js';
import { impliedVolatility } from './implied-volatility.js';
import type { Operation, RoundsOperation } from './operation.js';
import { priceOptions } from './price-options.js';
import { simulate } from './simulate.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- each operation's own types meet only inside it */

/** Every operation, one line each. Methods, metrics and roles are derived from these lists. */
// prettier-ignore
export const operations: readonly Operation<any, any, any>[] = [
  priceOptions,
  impliedVolatility,
];

/** Operations that run in rounds and stream their progress. */
// prettier-ignore
export const roundsOperations: readonly RoundsOperation<any, any, any, any>[] = [
  simulate,
];

/** Jobs that prove the kernels of every operation on a device. */
export const goldenPlans = (): readonly Plan[] => [
  ...operations.flatMap((operation) => operation.golden().map((request) => operation.plan(operation.parse(request)))),
  ...roundsOperations.flatMap((operation) =>
    operation.golden().map((request) => {
      const job: unknown = operation.parse(request);
      return operation.round(job, 0, operation.rows(job));
    }),
  ),
];
