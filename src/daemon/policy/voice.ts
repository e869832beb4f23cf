import type { PolicyReading, Voice } from '../base/allowance.js';
import type { Opinion } from './ladder.js';
import type { PolicySettings } from './settings.js';

/** A voice that listens to the machine. */
export interface SensorVoice {
  readonly voice: Exclude<Voice, 'market' | 'operator'>;
  readonly everyMs: number;
  /** Throws an Error that says why it cannot be read. */
  hear(settings: PolicySettings): Heard | Promise<Heard>;
}

export interface Heard {
  readonly opinion: Opinion;
  readonly facts: Partial<Pick<PolicyReading, 'thermalLevel' | 'temperatureCelsius' | 'memoryPressure' | 'otherLoad'>>;
}

/** What the addon reads where there are no files to read: macOS. null: the system does not tell. */
export interface HostSensors {
  /** 0 nominal, 1 moderate, 2 heavy, 3 trapping, 4 sleeping. */
  thermalPressure(): number | null;
  /** `level`: 1 normal, 2 warning, 4 critical. `availableShare`: of the machine's memory, 0 to 1. */
  memoryPressure(): { readonly level: number; readonly availableShare: number } | null;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
