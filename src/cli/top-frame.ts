// One look at the daemon, as lines: devices, lanes, operations, callers, sensors.
import type { ScreenLine } from './screen.js';
import { bytes, deviceWord, priorityWord, secondsText } from './show.js';
import { uptime, type Status } from './status.js';
import { clean } from './terminal.js';

export interface Look {
  readonly status: Status;
  /** The look before, of the same daemon. */
  readonly before: Status | undefined;
}

const thermalWords = ['nominal', 'fair', 'serious', 'critical'];
const pressureWords = ['normal', 'warning', 'critical'];
const barCells = 10;
/** Callers beyond these are below the screen of most people. */
const callersMax = 20;

export function linesOf(look: Look): ScreenLine[] {
  const { version, pid, uptimeSeconds, serving, connections, residentBytes, allowance, sensors, warnings } =
    look.status;
  const state = serving ? 'serving' : 'draining';
  return [
    {
      text: clean(`acceld ${version}, pid ${pid}: ${state} for ${uptime(uptimeSeconds)}, allowance ${allowance}`),
      isHead: true,
    },
    { text: [`${connections} connections, ${bytes(residentBytes)} resident`, ...sensorWords(sensors)].join(', ') },
    ...sheet(['device', 'state', 'last minute', 'now', 'workers', 'name'], devices(look), 5),
    ...sheet(['lane', 'queued', 'running'], lanes(look.status)),
    ...sheet(['operation, last minute', 'calls', 'failures', 'p50', 'p99'], operations(look.status)),
    ...sheet(['caller', 'in flight', 'queued', 'calls/min', 'device time/min', 'device time'], callers(look.status)),
    ...(warnings.length === 0 ? [] : [{ text: '' }]),
    ...warnings.map((warning) => ({ text: clean(`warning: ${warning}`) })),
  ];
}

/** Only what this machine can measure. */
function sensorWords(sensors: Status['sensors']): string[] {
  const { thermalLevel, temperatureCelsius, memoryPressure, otherLoad } = sensors ?? {};
  return [
    temperatureCelsius === undefined ? undefined : `${temperatureCelsius.toFixed(1)} °C`,
    thermalLevel === undefined ? undefined : `thermal ${thermalWords[thermalLevel] ?? thermalLevel}`,
    memoryPressure === undefined ? undefined : `memory ${pressureWords[memoryPressure] ?? memoryPressure}`,
    otherLoad === undefined ? undefined : `other programs ${percent(otherLoad)}`,
  ].filter((word) => word !== undefined);
}

function devices({ status, before }: Look): string[][] {
  const elapsed = status.uptimeSeconds - (before?.uptimeSeconds ?? status.uptimeSeconds);
  return status.devices.map(({ device, up, busyRatio, busySeconds, workers, name }) => {
    const earlier = before?.devices.find((other) => other.device === device);
    const threads = earlier && elapsed > 0 ? Math.max(0, busySeconds - earlier.busySeconds) / elapsed : undefined;
    const now = threads === undefined ? '-' : `${threads.toFixed(2)} threads`;
    const lately = `${bar(busyRatio)} ${percent(busyRatio).padStart(5)}`;
    return [deviceWord(device), up ? 'up' : 'down', lately, now, String(workers ?? '-'), name];
  });
}

const lanes = (status: Status): string[][] =>
  status.lanes.map(({ priority, queued, running }) => [priorityWord(priority), String(queued), String(running)]);

const operations = (status: Status): string[][] =>
  status.operations.map(({ operation, calls, failures, p50Seconds, p99Seconds }) => {
    return [operation, String(calls), String(failures), secondsText(p50Seconds), secondsText(p99Seconds)];
  });

const callers = (status: Status): string[][] =>
  status.callers.slice(0, callersMax).map((caller) => {
    const counts = [caller.requestsInFlight, caller.queued, caller.minuteCalls].map(String);
    return [caller.name, ...counts, secondsText(caller.minuteDeviceSeconds), secondsText(caller.deviceSeconds)];
  });

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function bar(share: number): string {
  const full = Math.max(0, Math.min(barCells, Math.round(share * barCells)));
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)}`;
}

/** An empty line, a head and rows. Numbers stand at the right, words at the left: the first column and those from `wordsFrom` on. */
function sheet(head: readonly string[], rows: readonly (readonly string[])[], wordsFrom = head.length): ScreenLine[] {
  if (rows.length === 0) return [];
  const all = [head, ...rows.map((row) => row.map(clean))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const text = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const isWord = column === 0 || column >= wordsFrom;
        return isWord ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
      })
      .join('  ')
      .trimEnd();
  return [{ text: '' }, ...all.map((row, index) => ({ text: text(row), isHead: index === 0 }))];
}
