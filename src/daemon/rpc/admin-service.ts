import { catalog } from '../../gen/catalog.js';
import { GetStatusResponse, type DeviceStatus, type GetStatusRequest } from '../../gen/acceld/v1/admin_service.js';
import type { Caller } from '../base/caller.js';
import type { Device } from '../devices/device.js';
import type { Method } from '../operations/operation.js';
import type { Respond, Rooms } from './call.js';

/** What the status tells and no room of a call knows. */
export interface StatusSource {
  readonly version: string;
  readonly startedNs: number;
  readonly warnings: readonly string[];
  readonly connections: () => number;
  /** What is known of a device beside what it says itself. */
  readonly facts: (device: Device) => Pick<DeviceStatus, 'workers' | 'quarantines'>;
}

interface Admin {
  readonly method: Method<GetStatusRequest, GetStatusResponse>;
  readonly respond: Respond<GetStatusRequest>;
}

/** GetStatus passes no admission: it must answer when everything else is refused. */
export function admin(rooms: Rooms, source: StatusSource): Admin {
  return {
    method: catalog.admin.getStatus,
    respond: (_request, { incoming }) => GetStatusResponse.encode(statusOf(rooms, source, incoming.caller)).finish(),
  };
}

function statusOf(rooms: Rooms, source: StatusSource, caller: Caller): GetStatusResponse {
  return {
    version: source.version,
    pid: process.pid,
    uptimeSeconds: (rooms.clock.nowNs() - source.startedNs) / 1e9,
    serving: !rooms.draining(),
    devices: rooms.scheduler.devices.map((device) => deviceStatus(device, source)),
    lanes: rooms.scheduler.lanes.map(({ priority, queued, running }) => ({ priority, queued, running })),
    caller: callerStatus(rooms, caller),
    connections: source.connections(),
    allowance: 'normal',
    warnings: [...source.warnings],
    residentBytes: process.memoryUsage.rss(),
  };
}

function deviceStatus(device: Device, source: StatusSource): DeviceStatus {
  const { info, state } = device;
  return { ...info, ...state, ...source.facts(device), device: info.kind, kernels: [...info.kernels] };
}

function callerStatus(rooms: Rooms, caller: Caller): GetStatusResponse['caller'] {
  const { perCaller } = rooms.admission.settings;
  const { requests, bytes, queued } = rooms.admission.usage(caller);
  return {
    name: caller.name,
    requestsInFlight: requests,
    requestsInFlightMax: perCaller.requestsInFlightMax,
    bytesInFlight: bytes,
    bytesInFlightMax: perCaller.bytesInFlightMax,
    queued,
    queuedMax: perCaller.queuedMax,
  };
}
