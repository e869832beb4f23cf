// What only a Mac can answer. Elsewhere one line says so.
import type { HostAddon } from '../devices/host-addon.js';
import type { Finding } from './findings.js';

type Sensors = Pick<HostAddon, 'thermalPressure' | 'memoryPressure' | 'performanceLevels'>;

interface Probe {
  readonly name: string;
  /** Undefined: the system does not tell. */
  readonly look: (addon: Sensors) => string | undefined;
}

const probes: readonly Probe[] = [
  {
    name: 'thermal',
    look: (addon) => {
      const level = addon.thermalPressure();
      return level === null ? undefined : `the system publishes level ${level}`;
    },
  },
  {
    name: 'pressure',
    look: (addon) => {
      const pressure = addon.memoryPressure();
      return pressure
        ? `level ${pressure.level}, ${(100 * pressure.availableShare).toFixed(0)} % available`
        : undefined;
    },
  },
  {
    name: 'cores',
    look: (addon) => {
      const levels = addon.performanceLevels();
      return levels.length > 0 ? `${levels.join(' + ')}, the fastest first` : undefined;
    },
  },
];

/** Not by a probe that ends in a second. */
const unasked = [
  ['watchdog', 'how long a command buffer may run with and without a display'],
  ['sleep', 'what becomes of work in flight when the Mac sleeps and wakes'],
  ['launchd', 'whether a socket of launchd is handed over: acceld service status tells it of the service'],
] as const;

export function lookAtMac(addon: Sensors, platform: NodeJS.Platform = process.platform): readonly Finding[] {
  if (platform !== 'darwin') {
    const names = [...probes.map(({ name }) => name), ...unasked.map(([name]) => name)].join(', ');
    return [{ area: 'macos', name: 'probes', state: 'unknown', detail: `not a Mac: ${names}` }];
  }
  return [
    ...probes.map(({ name, look }): Finding => {
      const detail = look(addon);
      return { area: 'macos', name, state: detail === undefined ? 'lacking' : 'ok', detail: detail ?? unavailable };
    }),
    ...unasked.map(([name, detail]): Finding => ({ area: 'macos', name, state: 'unknown', detail })),
  ];
}

const unavailable = 'unavailable on this system';
