import type { Client, Services } from '../client/index.js';
import { printPolicy } from './policy.js';
import { bytes, deviceWord, priorityWord } from './show.js';
import { clean, table, type Terminal } from './terminal.js';

export type Status = Awaited<ReturnType<Services['admin']['getStatus']>>;

export const getStatus = (client: Client): Promise<Status> => client.admin.getStatus();

export function printStatus(status: Status, terminal: Terminal): void {
  const { version, pid, uptimeSeconds, serving, connections, residentBytes, caller } = status;
  const state = serving ? 'serving' : 'draining';
  const say = (line: string) => terminal.out(`${clean(line)}\n`);
  say(`acceld ${version}, pid ${pid}: ${state} for ${uptime(uptimeSeconds)}`);
  say(`${connections} connections, ${bytes(residentBytes)} resident`);
  if (status.memory) say(memoryLine(status.memory));
  if (status.policy) printPolicy(status.policy, terminal);
  const devices = status.devices.map(({ device, up, engine, name, variant, threads, workers, kernels }) => {
    const counts = [threads, workers ?? 0, kernels.length].map(String);
    return [deviceWord(device), up ? 'up' : 'down', engine, clip(name), clip(variant), ...counts];
  });
  const devicesHead = ['device', 'state', 'engine', 'name', 'variant', 'threads', 'workers', 'kernels'];
  terminal.out(`\n${table({ head: devicesHead, rows: devices, numbersFrom: 5 }, terminal)}`);
  for (const { device, up, reason, quarantines } of status.devices) {
    if (!up) say(`${deviceWord(device)}: ${reason}`);
    for (const { kernel, reason: why } of quarantines) say(`${deviceWord(device)}: ${kernel} is quarantined: ${why}`);
  }
  const lanes = status.lanes.map(({ priority, state: laneState, queued, running }) => {
    return [priorityWord(priority), laneState, String(queued), String(running)];
  });
  terminal.out(`\n${table({ head: ['lane', 'state', 'queued', 'running'], rows: lanes, numbersFrom: 2 }, terminal)}\n`);
  if (caller) {
    const { requestsInFlight, requestsInFlightMax, bytesInFlight, bytesInFlightMax, queued, queuedMax } = caller;
    say(
      `you are ${caller.name}: ${requestsInFlight} of ${requestsInFlightMax} calls, ` +
        `${bytes(bytesInFlight)} of ${bytes(bytesInFlightMax)}, ${queued} of ${queuedMax} queued`,
    );
  }
  status.warnings.forEach((warning) => say(`warning: ${warning}`));
}

function memoryLine({ usedBytes, budgetBytes, regions, pools }: NonNullable<Status['memory']>): string {
  const rates = pools
    .filter(({ hits, misses }) => hits + misses > 0)
    .map(({ name, hits, misses }) => `, pool ${name} hit ${Math.round((100 * hits) / (hits + misses))} %`);
  return `memory: ${bytes(usedBytes)} of ${bytes(budgetBytes)}, ${regions} regions${rates.join('')}`;
}

/** Drivers tell their life's story. */
const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

export function uptime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${Math.floor(seconds)} s`;
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
  if (hours === 0) return `${minutes} min`;
  return days === 0 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}
