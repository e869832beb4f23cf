import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
