// The strictest voice wins, so another voice can never loosen what one of them holds.
import { Priority } from '../../gen/acceld/v1/execution.js';
import { unlimited, type Allowance, type LaneState, type Rung, type Voice } from '../base/allowance.js';
import { levelOf, strictest } from './ladder.js';

/** What a voice has to say now. */
export interface Say {
  readonly voice: Voice;
  readonly rung: Rung;
  readonly text: string;
}

type Limits = Pick<Allowance, 'bulkShare' | 'mayLoad'> & {
  /** Of ORDER, INTERACTIVE, BATCH and BACKGROUND. */
  readonly lanes: readonly [LaneState, LaneState, LaneState, LaneState];
};

const limits: Readonly<Record<Rung, Limits>> = {
  normal: { ...unlimited, lanes: ['open', 'open', 'open', 'open'] },
  'shrink-pools': { lanes: ['open', 'open', 'open', 'open'], bulkShare: 0.5, mayLoad: true },
  'no-background': { lanes: ['open', 'open', 'open', 'held'], bulkShare: 0.5, mayLoad: false },
  'no-batch': { lanes: ['open', 'open', 'held', 'held'], bulkShare: 0, mayLoad: false },
  'shed-interactive': { lanes: ['open', 'shed', 'held', 'held'], bulkShare: 0, mayLoad: false },
  // What waits holds memory: here it goes.
  'order-only': { lanes: ['open', 'closed', 'closed', 'closed'], bulkShare: 0, mayLoad: false },
};

/** Memory given back before a market opens is missed a minute later, and heat does not live in it. */
const shrinkers: readonly Voice[] = ['memory', 'operator'];

export function combine(says: readonly Say[]): Allowance {
  const raised = says.filter((say) => say.rung !== 'normal');
  if (raised.length === 0) return unlimited;
  const top = strictest(raised.map((say) => say.rung));
  const { lanes, ...rest } = limits[top];
  const [order, interactive, batch, background] = lanes;
  return {
    ...rest,
    rung: top,
    lanes: new Map([
      [Priority.PRIORITY_ORDER, order],
      [Priority.PRIORITY_INTERACTIVE, interactive],
      [Priority.PRIORITY_BATCH, batch],
      [Priority.PRIORITY_BACKGROUND, background],
    ]),
    shrinkPools: raised.some(({ voice }) => shrinkers.includes(voice)),
    reasons: [...raised]
      .sort((one, other) => levelOf(other.rung) - levelOf(one.rung))
      .map(({ voice, text }) => ({ voice, text })),
  };
}

/** Whether somebody who obeys would do anything else. The figures in the reasons change all the time. */
export const isSame = (one: Allowance, other: Allowance): boolean =>
  one.rung === other.rung && one.shrinkPools === other.shrinkPools && voicesOf(one) === voicesOf(other);

const voicesOf = ({ reasons }: Allowance): string => reasons.map(({ voice }) => voice).join();
