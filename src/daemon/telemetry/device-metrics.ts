// What became of devices, their workers and their kernels. Labels come from closed lists alone.
import { Counter, Gauge, type Registry } from 'prom-client';
import { Device } from '../../gen/acceld/v1/execution.js';
import type { Event } from '../base/events.js';
import { shortName } from './call-series.js';

/** One device, at the time of a scrape. */
export interface DeviceReading {
  readonly kind: Device;
  readonly up: boolean;
  /** Processes that own it or stand by; undefined: it lives in the daemon. */
  readonly workers: number | undefined;
  /** Of the memory that it shares with the daemon. */
  readonly memory:
    | {
        readonly bytes: number;
        readonly usedBytes: number;
        /** The system has pages for it. */
        readonly heldBytes: number;
        readonly fragmentation: number;
      }
    | undefined;
  /** Device time used since the daemon began, summed over threads. */
  readonly busyNs: number;
  /** Threads that it can use at once. */
  readonly parallel: number;
}

export interface DeviceSources {
  readonly devices: () => readonly DeviceReading[];
  /** Share of a device's time that was used in the last minute. */
  readonly busyRatio: (device: DeviceReading) => number;
}

export const deviceName = (kind: Device): string => shortName(Device[kind]);

export function createDeviceMetrics(
  { devices, busyRatio }: DeviceSources,
  registers: Registry[],
): (event: Event) => void {
  addDeviceReadings(devices, registers);
  addBusy({ devices, busyRatio }, registers);
  const byDevice = { labelNames: ['device'], registers };
  const starts = new Counter({ name: 'acceld_worker_starts_total', help: 'Workers that were ready.', ...byDevice });
  const deaths = new Counter({ name: 'acceld_worker_deaths_total', help: 'Workers that ended.', ...byDevice });
  const moved = new Counter({
    name: 'acceld_worker_jobs_moved_total',
    help: 'Jobs that went elsewhere because their worker ended: accused were executing, lost waited.',
    labelNames: ['device', 'role'],
    registers,
  });
  const quarantines = new Counter({
    name: 'acceld_kernel_quarantines_total',
    help: 'Kernels that are not trusted on a device any more.',
    labelNames: ['device', 'kernel'],
    registers,
  });
  const checks = new Counter({
    name: 'acceld_results_checked_total',
    help: 'Results of a device that were computed again on the CPU.',
    labelNames: ['device', 'kernel', 'outcome'],
    registers,
  });
  return (event) => {
    if (event.kind === 'worker-started') starts.inc({ device: event.device });
    else if (event.kind === 'worker-died') {
      deaths.inc({ device: event.device });
      moved.inc({ device: event.device, role: 'accused' }, event.accused);
      moved.inc({ device: event.device, role: 'lost' }, event.lost);
    } else if (event.kind === 'kernel-quarantined') {
      quarantines.inc({ device: deviceName(event.device), kernel: event.kernel });
    } else if (event.kind === 'result-checked') {
      const outcome = event.isSame ? 'same' : 'different';
      checks.inc({ device: deviceName(event.device), kernel: event.kernel, outcome });
    }
  };
}

function addDeviceReadings(devices: () => readonly DeviceReading[], registers: Registry[]): void {
  const labelNames = ['device'];
  new Gauge({
    name: 'acceld_device_up',
    help: '1: the device takes work.',
    labelNames,
    registers,
    collect() {
      for (const { kind, up } of devices()) this.set({ device: deviceName(kind) }, up ? 1 : 0);
    },
  });
  new Gauge({
    name: 'acceld_device_workers',
    help: 'Processes that own a device, the standby included.',
    labelNames,
    registers,
    collect() {
      for (const { kind, workers } of devices())
        if (workers !== undefined) this.set({ device: deviceName(kind) }, workers);
    },
  });
  new Gauge({
    name: 'acceld_device_memory_bytes',
    help: 'Memory that a device shares with the daemon.',
    labelNames: ['device', 'state'],
    registers,
    collect() {
      for (const { kind, memory } of devices()) {
        if (!memory) continue;
        this.set({ device: deviceName(kind), state: 'used' }, memory.usedBytes);
        this.set({ device: deviceName(kind), state: 'free' }, memory.heldBytes - memory.usedBytes);
        this.set({ device: deviceName(kind), state: 'returned' }, memory.bytes - memory.heldBytes);
      }
    },
  });
  new Gauge({
    name: 'acceld_device_memory_fragmentation',
    help: '0: the free memory that a device shares is one piece.',
    labelNames,
    registers,
    collect() {
      for (const { kind, memory } of devices())
        if (memory) this.set({ device: deviceName(kind) }, memory.fragmentation);
    },
  });
}

function addBusy({ devices, busyRatio }: DeviceSources, registers: Registry[]): void {
  const labelNames = ['device'];
  new Counter({
    name: 'acceld_device_busy_seconds_total',
    help: 'Device time of whatever ran, failed calls and checks too, summed over threads.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { kind, busyNs } of devices()) this.inc({ device: deviceName(kind) }, busyNs / 1e9);
    },
  });
  new Gauge({
    name: 'acceld_device_busy_ratio',
    help: 'Share of the device time that was used in the last minute.',
    labelNames,
    registers,
    collect() {
      for (const device of devices()) this.set({ device: deviceName(device.kind) }, busyRatio(device));
    },
  });
}
