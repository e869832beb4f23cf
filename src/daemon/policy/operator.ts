// What an operator said: voices that are silent for a while, and the rung below which the ladder does not go.
import type { Muted, Rung, Voice } from '../base/allowance.js';
import { invalidInput, rejected, type Violation } from '../base/fault.js';

/** Whoever forgets that a voice is muted is reminded by it the next day. */
export const muteSecondsMax = 86_400;

export class Operator {
  readonly #mutedUntilMs = new Map<Voice, number>();
  floor: Rung = 'normal';
  /** Who set the floor. */
  floorCaller = '';

  /** Throws a Fault for a time that is none. */
  mute(voice: Voice, seconds: number, nowMs: number): void {
    const violations: Violation[] = [];
    if (!(seconds >= 1 && seconds <= muteSecondsMax)) {
      violations.push(rejected('mute.seconds', `from 1 to ${muteSecondsMax}`, seconds));
    }
    // What an operator wants and does not want at the same time.
    if (voice === 'operator') violations.push(rejected('mute.voice', 'another voice than the operator', voice));
    if (violations.length > 0) throw invalidInput(violations);
    this.#mutedUntilMs.set(voice, nowMs + seconds * 1e3);
  }

  unmute(voice: Voice): boolean {
    return this.#mutedUntilMs.delete(voice);
  }

  /** Voices whose time of silence is over; they have their say again. */
  expired(nowMs: number): Voice[] {
    const over = [...this.#mutedUntilMs].filter(([, untilMs]) => untilMs <= nowMs).map(([voice]) => voice);
    over.forEach((voice) => this.#mutedUntilMs.delete(voice));
    return over;
  }

  muted(nowMs: number): Muted[] {
    return [...this.#mutedUntilMs].map(([voice, untilMs]) => ({ voice, secondsLeft: (untilMs - nowMs) / 1e3 }));
  }
}
