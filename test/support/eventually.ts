import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 10;

/** Waits until the check passes, because another process decides when; throws its last failure after `msMax`. */
export async function eventually<Found>(check: () => Found | Promise<Found>, msMax = 5_000): Promise<Found> {
  const endMs = performance.now() + msMax;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await pause(pollMs);
  }
}
