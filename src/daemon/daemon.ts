// Builds every room in order and closes them in reverse. All wiring is here.
import { dirname, join } from 'node:path';
import { Admission } from './admission/admission.js';
import { systemClock } from './base/clock.js';
import type { Event } from './base/events.js';
import { drainMsMax } from './base/limits.js';
import { exitCodes, StartFailure } from './base/start-failure.js';
import { defaultSocketPath } from './config/environment.js';
import type { Config } from './config/schema.js';
import type { Source } from './config/source.js';
import { Console } from './console/http.js';
import type { HostAddon } from './devices/host-addon.js';
import { openRegions } from './memory/open-regions.js';
import { admissionSettings, followSettings, logSettings, memorySettings } from './live-settings.js';
import { openDevices } from './open-devices.js';
import { watchHeapGrowth } from './policy/heap-growth.js';
import { RpcServer } from './rpc/server.js';
import { claimUnix } from './rpc/unix-listener.js';
import { Log } from './telemetry/log.js';
import { createMetrics, type Readings } from './telemetry/metrics.js';

export interface DaemonOptions {
  readonly source: Source;
  readonly addon: HostAddon;
  /** What the start found worth saying. */
  readonly warnings: readonly string[];
}

export interface Daemon {
  readonly socket: string;
  readonly tcpPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly announce: (event: Event) => void;
  /** Reads the settings again, soon. */
  reload(): void;
  /** Finishes the calls in flight, refuses new ones, and closes every room. */
  close(reason: string): Promise<void>;
}

/** Node.js lines that still get security fixes. */
const supportedNodeMajors = [22, 24, 26];

export async function openDaemon({ source, addon, warnings: found }: DaemonOptions): Promise<Daemon> {
  const { config, problems } = source.start();
  const clock = systemClock;
  const startedNs = clock.nowNs();
  const { warnings, runtimeIsSupported } = checkRuntime(config, addon, found);
  const telemetry = openTelemetry(config, {
    version: addon.version,
    lanes: () => devices.scheduler.lanes,
    devices: () => devices.readings(),
    memory: () => regions.reading,
    runtimeIsSupported,
  });
  const { announce, log, metrics } = telemetry;
  for (const text of warnings) announce({ kind: 'warning', text });

  const socket = config.listeners.unix.path ?? defaultSocketPath();
  // Before anything else: what lies beside the socket, workers included, may be another daemon's.
  claimUnix(socket, addon);
  const regions = openRegions({
    settings: memorySettings(config),
    createMemory: (bytes) => addon.createMemory(bytes),
    clock,
    announce,
  });
  const { budget } = regions;
  const devices = openDevices({ addon, announce, clock, config, budget, folder: join(dirname(socket), 'gpu') });
  const admission = new Admission(admissionSettings(config));
  let draining = false;
  const { scheduler, look, facts } = devices;
  const rooms = { admission, scheduler, regions, look, clock, announce, draining: () => draining };
  const { tcp } = config.listeners;
  const status = { version: addon.version, startedNs, warnings, facts };
  const listeners = { socket, tcpPort: tcp.enabled ? tcp.port : undefined };
  const sources = { metrics: metrics.text, metricsType: metrics.contentType, ready: () => !draining };
  // The port first: whoever sees the socket may also ask for the metrics.
  const console = config.http.enabled ? await Console.open(config.http.port, sources) : undefined;
  const rpc = await RpcServer.open({ rooms, addon, listeners, status });
  // Since the process began, the start of Node.js included.
  const startMs = Math.round(clock.nowNs() / 1e6);
  const ports = { tcpPort: rpc.tcpPort, httpPort: console?.port };
  announce({ kind: 'started', version: addon.version, socket, ...ports, startMs });
  void devices.begin();
  const reload = followSettings({ source, start: { config, problems }, announce, log, admission, regions, devices });

  return {
    socket,
    ...ports,
    announce,
    reload: () => reload.request(),
    close: async (reason) => {
      announce({ kind: 'stopping', reason });
      draining = true;
      await rpc.close(drainMsMax);
      await console?.close();
      await devices.close();
      await regions.close();
      for (const { owner, kind, bytes } of regions.budget.holdings) {
        announce({ kind: 'warning', text: `${owner} never gave back ${bytes} bytes of ${kind} memory` });
      }
      announce({ kind: 'stopped' });
      telemetry.close();
    },
  };
}

/** Everybody who hears what the rooms announce. */
function openTelemetry(config: Config, readings: Readings) {
  const log = new Log(logSettings(config));
  const metrics = createMetrics(readings);
  const heapGrowth = watchHeapGrowth();
  return {
    log,
    metrics,
    announce: (event: Event): void => {
      metrics.observe(event);
      heapGrowth.observe(event);
      log.write(event);
    },
    close: () => {
      metrics.close();
      heapGrowth.close();
    },
  };
}

function checkRuntime(config: Config, addon: HostAddon, found: readonly string[]) {
  const warnings = [...found, ...addon.harden().map((refused) => `the system refused: ${refused}`)];
  const major = Number(process.versions.node.split('.')[0]);
  const runtimeIsSupported = supportedNodeMajors.includes(major);
  if (!runtimeIsSupported) {
    const line = `Node.js ${process.versions.node} gets no security fixes any more; run acceld on Node.js 22 or 24`;
    if (config.listeners.tcp.enabled && !config.runtime.allow_eol) {
      const way = 'set runtime.allow_eol: true to open the TCP listener all the same';
      throw new StartFailure(exitCodes.configuration, `${line}; ${way}`);
    }
    warnings.push(line);
  }
  if (config.listeners.tcp.enabled) warnings.push('the TCP listener serves every user of this machine as one caller');
  return { warnings, runtimeIsSupported };
}
