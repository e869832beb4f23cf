// Which events history keeps, and what of them. Calls are rolled up by the minute; connections come and go too often.
import type { Event } from '../base/events.js';
import { deviceName } from './device-metrics.js';

export interface KeptEvent {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: Event['kind'];
  /** A JSON object. */
  readonly facts: string;
}

/** An answer holds thousands of events. */
const factsLengthMax = 512;

/** The facts of an event, or undefined: it is not kept. */
export function factsOf(event: Event): string | undefined {
  switch (event.kind) {
    case 'call-finished':
    case 'connection-opened':
    case 'connection-closed':
    case 'region-ended':
      return undefined;
    case 'result-checked':
      return event.isSame ? undefined : encode({ ...event, device: deviceName(event.device) });
    case 'kernel-quarantined':
      return encode({ ...event, device: deviceName(event.device) });
    case 'bug':
      return encode({ ...event, error: String(event.error) });
    default:
      return encode(event);
  }
}

function encode(event: object): string {
  const facts: Record<string, unknown> = { ...event, kind: undefined };
  const whole = JSON.stringify(facts);
  if (whole.length <= factsLengthMax) return whole;
  const longest = (value: unknown): unknown => (typeof value === 'string' ? value.slice(0, 200) : value);
  const cut = JSON.stringify(Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, longest(value)])));
  return cut.length <= factsLengthMax ? cut : JSON.stringify({ cut: whole.slice(0, 200) });
}
