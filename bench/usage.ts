import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Clock ticks of /proc a second: fixed by Linux's interface to user programs. */
const ticksPerSecond = 100;

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Processor time and resident memory of a process. */
export function usageOf(pid: number): Usage {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): Usage {
  // The name in parentheses may hold spaces; the fields after it are numbered from 3.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [userTicks, systemTicks] = [fields[11], fields[12]].map(Number);
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  return { cpuSeconds: (userTicks! + systemTicks!) / ticksPerSecond, residentBytes: kilobytes * 1024 };
}

function fromPs(pid: number): Usage {
  const [kilobytes, time] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const cpuSeconds = time!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuSeconds, residentBytes: Number(kilobytes) * 1024 };
}

const lookMs = 500;
/** Processor time within a look that is no work: timers and heartbeats. */
const idleSeconds = 0.03;
const settleMsMax = 60_000;

/** Waits until a process and its children have done what they do at their start: workers compile and qualify kernels. */
export async function settled(pid: number): Promise<void> {
  const endMs = performance.now() + settleMsMax;
  let quietLooks = 0;
  for (let before = familySeconds(pid); quietLooks < 3;) {
    if (performance.now() > endMs) throw new Error('the server does not come to rest');
    await pause(lookMs);
    const now = familySeconds(pid);
    quietLooks = now - before <= idleSeconds ? quietLooks + 1 : 0;
    before = now;
  }
}

function familySeconds(pid: number): number {
  const all = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' }).trim().split('\n');
  const children = all.map((line) => line.trim().split(/\s+/).map(Number)).filter(([parent]) => parent === pid);
  return [pid, ...children.map(([, child]) => child!)].reduce((sum, each) => sum + secondsOf(each), 0);
}

/** 0: it has ended meanwhile. */
function secondsOf(pid: number): number {
  try {
    return usageOf(pid).cpuSeconds;
  } catch {
    return 0;
  }
}
