import { catalog } from '../../gen/catalog.js';
import {
  GetMetricsResponse,
  GetStatusResponse,
  ReadHistoryResponse,
  type CallerActivity,
  type DeviceStatus,
  type ReadHistoryRequest,
} from '../../gen/acceld/v1/admin_service.js';
import type { PolicyDesk } from '../base/allowance.js';
import type { Caller } from '../base/caller.js';
import type { Lately } from '../base/lately.js';
import type { MemoryReading } from '../base/memory-reading.js';
import type { Device } from '../devices/device.js';
import type { Method } from '../operations/operation.js';
import { answer, type Incoming, type Respond, type Rooms } from './call.js';
import { policyStatus, setPolicy } from './policy-service.js';

/** What the status tells and no room of a call knows. */
export interface StatusSource {
  readonly version: string;
  readonly startedNs: number;
  readonly warnings: readonly string[];
  readonly connections: () => number;
  /** What is known of a device beside what it says itself. */
  readonly facts: (device: Device) => Pick<DeviceStatus, 'workers' | 'quarantines'>;
  readonly policy: PolicyDesk;
  readonly memory: () => MemoryReading;
  readonly lately: () => Lately;
  readonly readHistory: (request: ReadHistoryRequest) => Promise<ReadHistoryResponse>;
  /** Every metric as text, those that name callers included. */
  readonly metrics: () => Promise<string>;
}

type Unary = (incoming: Incoming) => Promise<Uint8Array>;

/** Calls of operators pass no admission: they must be answered when everything else is refused. */
export function adminMethods(rooms: Rooms, source: StatusSource): ReadonlyMap<string, Unary> {
  const unary = new Map<string, Unary>();
  const add = <Request, Response>(method: Method<Request, Response>, respond: Respond<Request>): void => {
    unary.set(method.path, (incoming) => answer(method, incoming, rooms, respond));
  };
  const { getStatus, setPolicy: set, readHistory, getMetrics } = catalog.admin;
  add(getStatus, (_request, { incoming }) => {
    return GetStatusResponse.encode(statusOf(rooms, source, incoming.caller)).finish();
  });
  add(set, setPolicy(source.policy));
  add(readHistory, async (request) => ReadHistoryResponse.encode(await source.readHistory(request)).finish());
  add(getMetrics, async () => GetMetricsResponse.encode({ text: await source.metrics() }).finish());
  return unary;
}

function statusOf(rooms: Rooms, source: StatusSource, caller: Caller): GetStatusResponse {
  const lately = source.lately();
  return {
    version: source.version,
    pid: process.pid,
    uptimeSeconds: (rooms.clock.nowNs() - source.startedNs) / 1e9,
    serving: !rooms.draining(),
    devices: rooms.scheduler.devices.map((device) => ({
      ...deviceStatus(device, source),
      ...lately.busy(device.info.kind),
    })),
    lanes: rooms.scheduler.lanes.map(({ priority, queued, running, state }) => ({ priority, queued, running, state })),
    caller: callerStatus(rooms, caller),
    connections: source.connections(),
    allowance: rooms.scheduler.allowance.rung,
    policy: policyStatus(source.policy),
    warnings: [...source.warnings],
    residentBytes: process.memoryUsage.rss(),
    callers: lately.callers.map((caller) => withUse(caller, rooms)),
    operations: lately.operations,
    sensors: lately.sensors,
    memory: memoryStatus(source.memory()),
  };
}

function memoryStatus({ budgetBytes, holdings, regions, pools }: MemoryReading): GetStatusResponse['memory'] {
  const usedBytes = holdings.reduce((sum, { bytes }) => sum + bytes, 0);
  return { budgetBytes, usedBytes, regions, holdings: [...holdings], pools: [...pools] };
}

function withUse(caller: CallerActivity, { admission }: Rooms): CallerActivity {
  const use = admission.callers.get(caller.name);
  return { ...caller, requestsInFlight: use?.requests ?? 0, queued: use?.queued ?? 0 };
}

function deviceStatus(device: Device, source: StatusSource): Omit<DeviceStatus, 'busySeconds' | 'busyRatio'> {
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
