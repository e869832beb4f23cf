// Builds every room in order and closes them in reverse. All wiring is here.
import { dirname, join } from 'node:path';
import type { ReadHistoryRequest } from '../gen/acceld/v1/admin_service.js';
import { Admission } from './admission/admission.js';
import { systemClock, type Clock } from './base/clock.js';
import type { Event } from './base/events.js';
import { drainMsMax } from './base/limits.js';
import type { MemoryReading } from './base/memory-reading.js';
import { exitCodes, StartFailure } from './base/start-failure.js';
import { defaultSocketPath, namedStateFolder, socketActivation } from './config/environment.js';
import type { Config } from './config/schema.js';
import type { Source } from './config/source.js';
import { Console } from './console/http.js';
import type { HostAddon } from './devices/host-addon.js';
import type { Budget } from './memory/budget.js';
import { openRegions } from './memory/open-regions.js';
import type { Regions } from './memory/regions.js';
import { admissionSettings, followSettings, logSettings, memorySettings } from './live-settings.js';
import { openDevices, type DevicesOptions, type OpenDevices } from './open-devices.js';
import { planHere } from './policy/cores.js';
import { watchHeapGrowth } from './policy/heap-growth.js';
import { openPolicy } from './policy/policy.js';
import { RpcServer } from './rpc/server.js';
import { claimUnix } from './rpc/unix-listener.js';
import { inheritedSocket } from './service/inherited-socket.js';
import { Log } from './telemetry/log.js';
import { Telemetry, type TelemetryOptions } from './telemetry/telemetry.js';

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
  /** Opens the log file again, and reads the settings again, soon. */
  reload(): void;
  /** Finishes the calls in flight, refuses new ones, and closes every room. */
  close(reason: string): Promise<void>;
}

/** Node.js lines that still get security fixes. */
const supportedNodeMajors = [22, 24, 26];

export async function openDaemon({ source, addon, warnings: found }: DaemonOptions): Promise<Daemon> {
  const start = source.start();
  const { config } = start;
  const clock = systemClock;
  const startedNs = clock.nowNs();
  const { warnings: early, runtimeIsSupported } = checkRuntime(config, addon, found);
  const { tcp, unix } = config.listeners;
  const inherited = inheritedSocket({ activation: socketActivation(), system: addon, path: unix.path });
  const socket = inherited?.path ?? unix.path ?? defaultSocketPath();
  const telemetry = openTelemetry(config, {
    clock,
    policy: () => policy.reading(),
    socket,
    version: addon.version,
    lanes: () => devices.scheduler.lanes,
    devices: () => devices.readings(),
    memory: () => memory(),
    runtimeIsSupported,
  });
  const { announce, log } = telemetry;
  // Before anything else: what lies beside the socket, workers included, may be another daemon's.
  claimUnix(socket, addon);
  const settings = memorySettings(config);
  const regions = openRegions({ settings, createMemory: (bytes) => addon.createMemory(bytes), clock, announce });
  const devices = openMachine({ addon, announce, clock, config, regions, folder: join(dirname(socket), 'gpu') });
  const admission = new Admission(admissionSettings(config));
  let draining = false;
  const { scheduler, look, facts } = devices;
  const warnings = [...early, ...devices.warnings];
  for (const text of warnings) announce({ kind: 'warning', text });
  const { policy, classify, closePolicy } = openRunPolicy({ config, clock, addon, telemetry, devices, regions });
  const rooms = { admission, scheduler, regions, look, classify, clock, announce, draining: () => draining };
  const memory = (): MemoryReading => memoryReading(regions, devices);
  const status = { version: addon.version, startedNs, warnings, facts, policy, memory, ...telemetry.sources };
  const listeners = { socket, descriptor: inherited?.descriptor, tcpPort: tcp.enabled ? tcp.port : undefined };
  const sources = { ...telemetry.scrape, ready: () => !draining };
  // The port first: whoever sees the socket may also ask for the metrics.
  const console = config.http.enabled ? await Console.open(config.http.port, sources) : undefined;
  const rpc = await RpcServer.open({ rooms, addon, listeners, status });
  // Since the process began, the start of Node.js included.
  const startMs = Math.round(clock.nowNs() / 1e6);
  const ports = { tcpPort: rpc.tcpPort, httpPort: console?.port };
  announce({ kind: 'started', version: addon.version, socket, ...ports, startMs });
  telemetry.begin();
  void devices.begin();
  const reload = followSettings({ source, start, announce, log, admission, regions, devices, policy, telemetry });

  return {
    socket,
    ...ports,
    announce,
    reload: () => {
      if (!log.reopen()) announce({ kind: 'warning', text: 'the log file cannot be opened again' });
      reload.request();
    },
    close: async (reason) => {
      announce({ kind: 'stopping', reason });
      draining = true;
      closePolicy();
      await rpc.close(drainMsMax);
      await console?.close();
      await devices.close();
      await regions.close();
      await source.close();
      for (const text of neverGivenBack(regions.budget)) announce({ kind: 'warning', text });
      announce({ kind: 'stopped' });
      await telemetry.close();
    },
  };
}

const neverGivenBack = ({ holdings }: Budget): string[] =>
  holdings.map(({ owner, kind, bytes }) => `${owner} never gave back ${bytes} bytes of ${kind} memory`);

function memoryReading(regions: Regions, devices: OpenDevices): MemoryReading {
  const { pools, ...reading } = regions.reading;
  return { ...reading, pools: [...pools, ...devices.pools()] };
}

/** The devices, with their threads where policy wants them. */
function openMachine({ config, ...options }: Omit<DevicesOptions, 'cores' | 'config'> & { readonly config: Config }) {
  const cores = planHere(config.policy.cores, options.addon.performanceLevels(), config.cpu.threads);
  return openDevices({ ...options, config, cores });
}

interface PolicyRooms {
  readonly config: Config;
  readonly clock: Clock;
  readonly addon: HostAddon;
  readonly telemetry: ReturnType<typeof openTelemetry>;
  readonly devices: OpenDevices;
  readonly regions: Regions;
}

/** Policy, and those who obey it. */
function openRunPolicy({ config, clock, addon, telemetry: { announce, listeners }, devices, regions }: PolicyRooms) {
  const { policy, classify, observe, close } = openPolicy({ settings: config.policy, clock, announce, addon });
  listeners.push(observe);
  policy.onChange((allowance) => {
    devices.obey(allowance);
    regions.shrink(allowance.shrinkPools);
  });
  return { policy, classify, closePolicy: close };
}

/** Everybody who hears what the rooms announce. */
function openTelemetry(
  config: Config,
  { socket, ...options }: Omit<TelemetryOptions, 'announce' | 'history'> & { readonly socket: string },
) {
  const log = new Log({ ...logSettings(config), file: config.log.file });
  const heapGrowth = watchHeapGrowth();
  const listeners: ((event: Event) => void)[] = [(event) => heapGrowth.observe(event)];
  const announce = (event: Event): void => {
    telemetry.observe(event);
    for (const listener of listeners) listener(event);
    log.write(event);
  };
  const telemetry = new Telemetry({ ...options, announce, history: historySettings(config, socket) });
  const { metrics } = telemetry;
  return {
    log,
    announce,
    listeners,
    scrape: { metrics: metrics.text, metricsType: metrics.contentType },
    sources: {
      lately: () => telemetry.lately,
      readHistory: (request: ReadHistoryRequest) => telemetry.readHistory(request),
      metrics: metrics.textForOperators,
    },
    begin: () => telemetry.begin(),
    prepareHistory: (next: Config) => telemetry.prepareHistory(historySettings(next, socket)),
    close: async () => {
      await telemetry.close();
      heapGrowth.close();
    },
  };
}

/** A service's history outlives its socket's folder; that of a daemon in a shell goes with it. */
function historySettings({ history }: Config, socket: string): TelemetryOptions['history'] {
  if (!history.enabled) return undefined;
  const path = history.path ?? join(namedStateFolder() ?? dirname(socket), 'history.sqlite');
  return { path, days: history.days, bytesMax: history.bytes_max };
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
