// How short memory is. Linux: what is available on the machine and in each control group above this process, and the time
// that programs stood still for lack of it. macOS: the level that the system publishes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rungs, type PolicyReading } from '../base/allowance.js';
import { levelOf, plainly, stricter, whenAbove, whenBelow, type Opinion } from './ladder.js';
import type { MemoryThresholds } from './settings.js';
import { percent, type Heard, type HostSensors, type SensorVoice } from './voice.js';

const everyMs = 1000;
/** Limits of control groups change seldom: how many readings they are kept for. */
const readingsPerSearch = 60;

/** A bound on memory: the machine's, or a control group's. */
export interface Room {
  readonly name: string;
  readonly bytesMax: number;
  readonly availableBytes: number;
}

/** Where the files are; a test has its own. */
export interface Roots {
  readonly proc: string;
  readonly cgroup: string;
}

/** A control group with a limit. */
interface Group {
  readonly folder: string;
  readonly bytesMax: number;
  readonly version: 1 | 2;
}

export function judgeMemory(
  rooms: readonly Room[],
  stalledShare: number | undefined,
  { available_share, stalled_share }: MemoryThresholds,
): Heard {
  const shareOf = ({ availableBytes, bytesMax }: Room): number => Math.max(0, availableBytes / bytesMax);
  const tightest = rooms.reduce((least, room) => (shareOf(room) < shareOf(least) ? room : least));
  const share = shareOf(tightest);
  const free = whenBelow(share, available_share, `${percent(share)} of the memory of ${tightest.name} is available`);
  if (stalledShare === undefined) return heard(free);
  const text = `programs stood still for lack of memory for ${percent(stalledShare)} of the time`;
  return heard(stricter(free, whenAbove(stalledShare, stalled_share, text)));
}

const heard = (opinion: Opinion): Heard => ({ opinion, facts: { memoryPressure: pressureOf(levelOf(opinion.rung)) } });

/** Warning from the first rung on, critical from where BATCH stops. */
const pressureOf = (level: number): NonNullable<PolicyReading['memoryPressure']> =>
  level >= rungs.indexOf('no-batch') ? 2 : level > 0 ? 1 : 0;

/** macOS: at a warning it asks programs to give memory back, at the critical level it begins to end them. */
export function judgeLevel({ level, availableShare }: { level: number; availableShare: number }): Heard {
  const rung = level >= 4 ? 'shed-interactive' : level >= 2 ? 'no-background' : 'normal';
  const word = level >= 4 ? 'critical' : level >= 2 ? 'a warning' : 'normal';
  return heard(plainly(rung, `memory pressure is ${word}: ${percent(availableShare)} of the memory is available`));
}

export function memoryVoice(
  sensors: HostSensors,
  roots: Roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' },
): SensorVoice {
  let groups: readonly Group[] = [];
  let place: string | undefined;
  let readings = 0;
  return {
    voice: 'memory',
    everyMs,
    hear: ({ memory }) => {
      const pressure = sensors.memoryPressure();
      if (pressure) return judgeLevel(pressure);
      const placeNow = read(join(roots.proc, 'self/cgroup'));
      // A service manager or an operator may move this process to another group at any time.
      if (readings++ % readingsPerSearch === 0 || placeNow !== place) groups = findGroups(roots);
      place = placeNow;
      const rooms = [readMachine(roots), ...groups.flatMap((group) => readGroup(group) ?? [])];
      return judgeMemory(rooms, readStalledShare(roots, groups), memory);
    },
  };
}

function readMachine({ proc }: Roots): Room {
  const text = readFileSync(join(proc, 'meminfo'), 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const room = { name: 'the machine', bytesMax: bytes('MemTotal'), availableBytes: bytes('MemAvailable') };
  if (Number.isFinite(room.bytesMax) && Number.isFinite(room.availableBytes)) return room;
  throw new Error(`${join(proc, 'meminfo')} does not tell what is available`);
}

/** Every group with a limit from this process up to the root, of version 2 and of version 1. */
export function findGroups({ proc, cgroup }: Roots): Group[] {
  const lines = (read(join(proc, 'self/cgroup')) ?? '').split('\n').map((line) => line.split(':'));
  return lines.flatMap(([, controllers = '', path = '/']) => {
    if (controllers === '') return limited(cgroup, path, 2);
    return controllers.split(',').includes('memory') ? limited(join(cgroup, 'memory'), path, 1) : [];
  });
}

function limited(root: string, path: string, version: 1 | 2): Group[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  const folders = parts.map((_, index) => join(root, ...parts.slice(0, parts.length - index)));
  return [...folders, root].flatMap((folder) => {
    const bytesMax = Number(read(join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes')));
    // "max", or in version 1 a number beyond every machine: no limit.
    return bytesMax > 0 && bytesMax < 2 ** 60 ? [{ folder, bytesMax, version }] : [];
  });
}

/** Undefined: the group went away. Files that were read and are not in use can be dropped at once: they are available. */
function readGroup({ folder, bytesMax, version }: Group): Room | undefined {
  const used = read(join(folder, version === 2 ? 'memory.current' : 'memory.usage_in_bytes'));
  const pattern = version === 2 ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m;
  const droppable = Number(pattern.exec(read(join(folder, 'memory.stat')) ?? '')?.[1] ?? 0);
  if (used === undefined) return undefined;
  return { name: 'its control group', bytesMax, availableBytes: bytesMax - Number(used) + droppable };
}

/**
 * Share of the last 10 s. In a control group of version 2 its own; else that of the whole machine, and only while nothing
 * at all could run: a neighbour that thrashes within its own limit is no reason to stop.
 */
function readStalledShare({ proc }: Roots, groups: readonly Group[]): number | undefined {
  const own = groups.find(({ version }) => version === 2);
  const text = (own && read(join(own.folder, 'memory.pressure'))) ?? read(join(proc, 'pressure/memory'));
  const found = /^full avg10=([\d.]+)/m.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found) / 100;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
