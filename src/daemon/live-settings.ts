// Which settings each room takes, at the start and while it runs.
import type { Admission, AdmissionSettings } from './admission/admission.js';
import type { Announce } from './base/events.js';
import { ConfigurationError, hashOf } from './config/config.js';
import { Reload } from './config/reload.js';
import type { Config } from './config/schema.js';
import type { Source, Start } from './config/source.js';
import type { Budget } from './memory/budget.js';
import type { Regions } from './memory/regions.js';
import { budgetLimits, machineBytes, type MemorySettings } from './memory/system-memory.js';
import type { OpenDevices } from './open-devices.js';

export interface LiveRooms {
  readonly source: Source;
  readonly start: Start;
  readonly announce: Announce;
  readonly log: { settings: ReturnType<typeof logSettings> };
  readonly admission: Admission;
  readonly regions: Regions;
  readonly devices: OpenDevices;
  readonly telemetry: { prepareHistory(next: Config): () => void };
  readonly policy: { reconfigure(settings: Config['policy']): void };
}

/** All but `cores`: threads stay where they began. */
const livePolicy = ['calm_seconds', 'memory', 'thermal', 'load', 'market', 'classification'].map(
  (name) => `policy.${name}`,
);

/** Says which settings are in force, now and whenever they change. */
export function followSettings({
  source,
  start,
  announce,
  log,
  admission,
  regions,
  devices,
  policy,
  telemetry,
}: LiveRooms): Reload {
  const { config, problems } = start;
  const keep = (): void => {
    source.keep().catch((error: unknown) => {
      announce({ kind: 'warning', text: `the accepted configuration cannot be kept: ${(error as Error).message}` });
    });
  };
  const hash = hashOf(config);
  if (problems.length > 0) announce({ kind: 'configuration-stale', hash, problems });
  else announce({ kind: 'configuration-accepted', hash, file: source.file });
  if (problems.length === 0) keep();
  return new Reload({
    config,
    file: source.file,
    read: () => source.read(),
    rooms: [
      { settings: ['log.level', 'log.sample_one_in'], prepare: (next) => () => (log.settings = logSettings(next)) },
      { settings: ['admission'], prepare: (next) => () => (admission.settings = admissionSettings(next)) },
      { settings: ['memory'], prepare: (next) => prepareMemory(regions.budget, next) },
      {
        settings: ['history'],
        prepare: (next) => accepting('history.path', () => telemetry.prepareHistory(next)),
      },
      { settings: livePolicy, prepare: (next) => () => policy.reconfigure(next.policy) },
      { settings: ['gpu.check_one_in'], prepare: (next) => () => devices.checkOneIn(next.gpu.check_one_in) },
    ],
    announce,
    onAccepted: keep,
  });
}

export const logSettings = ({ log }: Config): { level: string; sampleOneIn: number } => ({
  level: log.level,
  sampleOneIn: log.sample_one_in,
});

export const admissionSettings = ({ admission }: Config): AdmissionSettings => ({
  perCaller: toLimits(admission.per_caller),
  daemon: toLimits(admission.daemon),
});

const toLimits = (limits: Config['admission']['daemon']) => ({
  requestsInFlightMax: limits.requests_in_flight_max,
  bytesInFlightMax: limits.bytes_in_flight_max,
  queuedMax: limits.queued_max,
});

export const memorySettings = ({ memory }: Config): MemorySettings => ({
  budgetBytes: memory.budget_bytes,
  callerBytes: memory.caller_bytes,
  reserveBytes: memory.reserve_bytes,
});

/** What a room cannot do is a problem of the setting. */
function accepting(setting: string, prepare: () => () => void): () => void {
  try {
    return prepare();
  } catch (error) {
    throw new ConfigurationError([`${setting}: ${(error as Error).message}`]);
  }
}

/** What is in use cannot be taken back, and a budget below it would be a lie. */
function prepareMemory(budget: Budget, next: Config): () => void {
  const limits = budgetLimits(memorySettings(next), machineBytes());
  if (limits.bytesMax < budget.usedBytes) {
    const problem = `memory.budget_bytes: ${limits.bytesMax} is less than the ${budget.usedBytes} bytes in use`;
    throw new ConfigurationError([problem]);
  }
  return () => (budget.limits = limits);
}
