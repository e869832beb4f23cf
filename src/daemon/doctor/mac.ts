// What only a Mac can answer, and what nobody has seen a Mac do yet. Elsewhere one line says so.
import { constants } from 'node:os';
import type { HostAddon } from '../devices/host-addon.js';
import type { Finding } from './findings.js';

type Sensors = Pick<
  HostAddon,
  'thermalPressure' | 'memoryPressure' | 'performanceLevels' | 'launchdRefusal' | 'powerReportsObjection'
>;

type Found = Pick<Finding, 'state' | 'detail'>;

interface Probe {
  readonly name: string;
  readonly look: (addon: Sensors) => Found;
}

const ok = (detail: string): Found => ({ state: 'ok', detail });
const lacking = (detail = 'unavailable on this system'): Found => ({ state: 'lacking', detail });
const cannotTell = (reason: string): Found => ({ state: 'unknown', detail: `cannot tell: ${reason}` });

const probes: readonly Probe[] = [
  {
    name: 'thermal',
    look: (addon) => {
      const level = addon.thermalPressure();
      return level === null ? lacking() : ok(`the system publishes level ${level}`);
    },
  },
  {
    name: 'pressure',
    look: (addon) => {
      const pressure = addon.memoryPressure();
      if (!pressure) return lacking();
      return ok(`level ${pressure.level}, ${(100 * pressure.availableShare).toFixed(0)} % available`);
    },
  },
  {
    name: 'cores',
    look: (addon) => {
      const levels = addon.performanceLevels();
      return levels.length > 0 ? ok(`${levels.join(' + ')}, the fastest first`) : lacking();
    },
  },
  {
    name: 'power',
    look: (addon) => {
      const objection = addon.powerReportsObjection();
      return objection === '' ? ok('IOReport tells power and utilisation to this process') : lacking(objection);
    },
  },
  {
    name: 'launchd',
    look: (addon) => {
      const { ENOENT, ESRCH } = constants.errno;
      const refusal = addon.launchdRefusal();
      if (refusal === ENOENT) return ok('launchd started this process, and answers for its sockets');
      if (refusal !== ESRCH) return lacking(`launch_activate_socket fails with errno ${refusal}`);
      return cannotTell(
        'launchd did not start this process; `acceld service status` tells whether it holds the socket',
      );
    },
  },
];

/** Open questions that a probe cannot answer, and why. */
const unasked = [
  [
    'session',
    'how it was started decides: run doctor from a terminal, and as an agent and a daemon of launchd, and compare',
  ],
  ['files', 'acceld gives the GPU shared memory alone, no mapped files, and no deallocator that would run on a thread'],
  ['watchdog', 'how long a command buffer may run, with and without a display, is found by one that runs too long'],
  [
    'recovery',
    'whether a new queue works after SubmissionsIgnored needs a GPU that has failed; acceld starts a new worker',
  ],
  ['not-permitted', 'whether a locked screen or another user takes the GPU away is seen when it happens'],
  ['sleep', 'what becomes of work in flight when the Mac sleeps and wakes needs a Mac that sleeps'],
  ['core-ml', 'this build has no Core ML: neither the Neural Engine, its cache nor its footprint'],
  ['containers', 'whether a container reaches the loopback must be asked from inside one'],
] as const;

export function lookAtMac(addon: Sensors, platform: NodeJS.Platform = process.platform): readonly Finding[] {
  if (platform !== 'darwin') {
    const names = [...probes.map(({ name }) => name), ...unasked.map(([name]) => name)].join(', ');
    return [{ area: 'macos', name: 'probes', ...cannotTell(`not a Mac (${names})`) }];
  }
  return [
    ...probes.map(({ name, look }): Finding => ({ area: 'macos', name, ...look(addon) })),
    ...unasked.map(([name, reason]): Finding => ({ area: 'macos', name, ...cannotTell(reason) })),
  ];
}
