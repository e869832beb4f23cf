// Regions of the real addon under a clock that a test moves.
import type { Caller } from '../../src/daemon/base/caller.js';
import type { Event } from '../../src/daemon/base/events.js';
import { loadHostAddon } from '../../src/daemon/devices/host-addon.js';
import { Budget, type BudgetLimits } from '../../src/daemon/memory/budget.js';
import { Regions } from '../../src/daemon/memory/regions.js';
import { FakeClock } from './fake-clock.js';

export const pageBytes = 16_384;

export const callerOf = (name: string, connection: string): Caller => ({
  name,
  connection,
  pid: 1,
  isOperator: true,
  canMap: true,
});

/** Regions, everything around them, and what they announced. Connections "a" and "b" are open. */
export function openTestRegions(limits: Partial<BudgetLimits> = {}, clock = new FakeClock()) {
  const events: Event[] = [];
  const timers: { ms: number; act: () => void }[] = [];
  const whole = { bytesMax: 64 * pageBytes, ownerBytesMax: 32 * pageBytes, reserveBytes: 0, ...limits };
  const budget = new Budget(whole, () => undefined);
  const addon = loadHostAddon();
  const regions = new Regions({
    budget,
    createMemory: (bytes) => addon.createMemory(bytes),
    clock,
    announce: (event) => events.push(event),
    later: (ms, act) => timers.push({ ms, act }),
  });
  for (const connection of ['a', 'b']) regions.connectionOpened(connection);
  /** Moves the clock and runs every timer that was set. */
  const pass = (ms: number): void => {
    clock.advanceMs(ms);
    for (const { act } of timers.splice(0)) act();
  };
  return { regions, budget, clock, events, timers, pass };
}
