import type { Clock } from '../base/clock.js';
import type { Announce } from '../base/events.js';
import { Budget } from './budget.js';
import { Regions, type RegionsOptions } from './regions.js';
import { availableBytes, budgetLimits, machineBytes, type MemorySettings } from './system-memory.js';

interface Options {
  readonly settings: MemorySettings;
  readonly createMemory: RegionsOptions['createMemory'];
  readonly clock: Clock;
  readonly announce: Announce;
}

/** The regions of this machine, under one budget. */
export function openRegions({ settings, createMemory, clock, announce }: Options): Regions {
  const budget = new Budget(budgetLimits(settings, machineBytes()), availableBytes);
  return new Regions({ budget, createMemory, clock, announce, later: (ms, act) => clock.later(ms, act) });
}
