// What other programs take of the processors.
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { plainly, type Opinion } from './ladder.js';
import type { LoadThresholds } from './settings.js';
import { percent, type SensorVoice } from './voice.js';

const everyMs = 5000;
/** Standing is kept until the load is so far below its threshold. */
const easeShare = 0.1;

/** Processor time since some beginning, in any one unit. */
export interface Times {
  readonly all: number;
  readonly busy: number;
  /** Of this process and of each worker, by process id. */
  readonly own: ReadonlyMap<number, number>;
}

/** Undefined: no time passed. The last seconds of a worker that ended count as another program's. */
export function otherLoad(before: Times, now: Times): number | undefined {
  const all = now.all - before.all;
  if (all <= 0) return undefined;
  const own = [...now.own].reduce((sum, [pid, seconds]) => sum + seconds - (before.own.get(pid) ?? 0), 0);
  return Math.min(1, Math.max(0, (now.busy - before.busy - own) / all));
}

export function judgeLoad(
  share: number,
  { half_bulk_share: half, no_background_share: none }: LoadThresholds,
): Opinion {
  const rungAt = (value: number) =>
    none !== undefined && value >= none ? 'no-background' : value >= half ? 'shrink-pools' : 'normal';
  const text = `other programs use ${percent(share)} of the processors`;
  return { ...plainly(rungAt(share), text), easedTo: rungAt(share + easeShare) };
}

export function loadVoice(workers: () => readonly number[], readTimes = systemTimes): SensorVoice {
  let before: Times | undefined;
  let share = 0;
  return {
    voice: 'load',
    everyMs,
    hear: async ({ load }) => {
      const now = await readTimes(workers());
      share = (before && otherLoad(before, now)) ?? share;
      before = now;
      return { opinion: judgeLoad(share, load), facts: { otherLoad: share } };
    },
  };
}

/** On macOS nobody tells of workers without asking for rights: there they count as other programs. */
export async function systemTimes(workers: readonly number[]): Promise<Times> {
  const { user, system } = process.cpuUsage();
  const own = new Map([[process.pid, (user + system) / 1e6]]);
  if (process.platform !== 'linux') {
    const times = cpus().map(({ times }) => times);
    const sum = (of: (time: (typeof times)[number]) => number) =>
      times.reduce((total, time) => total + of(time), 0) / 1e3;
    const busy = sum(({ user, nice, sys, irq }) => user + nice + sys + irq);
    return { all: busy + sum(({ idle }) => idle), busy, own };
  }
  const ticks = numbersOf(await readFile('/proc/stat', 'utf8'));
  const all = ticks.slice(0, 8).reduce((total, each) => total + each, 0) / ticksPerSecond;
  const idle = (ticks[3]! + ticks[4]!) / ticksPerSecond;
  for (const pid of workers) own.set(pid, await workerSeconds(pid));
  return { all, busy: all - idle, own };
}

/** The unit of /proc on every system that Node runs on. */
const ticksPerSecond = 100;

/** The first line: user, nice, system, idle, waiting for input, interrupts, soft interrupts, stolen. */
const numbersOf = (text: string): number[] => text.slice(0, text.indexOf('\n')).split(/\s+/).slice(1).map(Number);

async function workerSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Behind the name, which may hold anything: fields 14 and 15 of the whole line.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}
