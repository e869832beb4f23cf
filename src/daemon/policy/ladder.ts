// The emergency ladder: how opinions become a standing without flapping. Pure: time is an argument.
import { rungs, type Rung } from '../base/allowance.js';
import type { Steps } from './settings.js';

/** What one voice says at one instant. */
export interface Opinion {
  readonly rung: Rung;
  /** The lowest rung to which a stricter standing may come down: above `rung` while the reading is near a threshold. */
  readonly easedTo: Rung;
  /** What was measured, as a short sentence. */
  readonly text: string;
}

/** Where a voice stands. */
export interface Standing {
  readonly rung: Rung;
  readonly text: string;
  /** Since when the reading would allow a lower rung; undefined: it does not. */
  readonly calmSinceMs: number | undefined;
}

export const levelOf = (rung: Rung): number => rungs.indexOf(rung);
export const strictest = (some: readonly Rung[]): Rung => rungs[Math.max(0, ...some.map(levelOf))]!;

/** A reading must leave a threshold by this share of it before the standing may fall. */
const margin = 0.2;

/** Up at once; down one rung for each time of calm, so that what a rung frees is seen before the next one is taken away. */
export function stand(
  before: Standing | undefined,
  { rung, easedTo, text }: Opinion,
  { nowMs, calmMs }: { readonly nowMs: number; readonly calmMs: number },
): Standing {
  if (before === undefined || levelOf(rung) >= levelOf(before.rung)) return { rung, text, calmSinceMs: undefined };
  if (levelOf(easedTo) >= levelOf(before.rung)) return { rung: before.rung, text, calmSinceMs: undefined };
  const calmSinceMs = before.calmSinceMs ?? nowMs;
  if (nowMs - calmSinceMs < calmMs) return { rung: before.rung, text, calmSinceMs };
  return { rung: rungs[levelOf(before.rung) - 1]!, text, calmSinceMs: nowMs };
}

/** The opinion of a voice that knows no nearness. */
export const plainly = (rung: Rung, text: string): Opinion => ({ rung, easedTo: rung, text });

/** For a share that is bad when small. */
export const whenBelow = (value: number, steps: Steps, text: string): Opinion => ({
  rung: rungWhere(steps, (threshold) => value < threshold),
  easedTo: rungWhere(steps, (threshold) => value < threshold * (1 + margin)),
  text,
});

/** For a share that is bad when large. */
export const whenAbove = (value: number, steps: Steps, text: string): Opinion => ({
  rung: rungWhere(steps, (threshold) => value >= threshold),
  easedTo: rungWhere(steps, (threshold) => value >= threshold * (1 - margin)),
  text,
});

/** The stricter of two readings of one voice. */
export const stricter = (one: Opinion, other: Opinion): Opinion => {
  const worse = levelOf(other.rung) > levelOf(one.rung) ? other : one;
  return { ...worse, easedTo: strictest([one.easedTo, other.easedTo]) };
};

function rungWhere(steps: Steps, holds: (threshold: number) => boolean): Rung {
  const reached = rungs.filter((rung) => rung !== 'normal' && holds(steps[rung.replace('-', '_') as keyof Steps]));
  return strictest(reached);
}
