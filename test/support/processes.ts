// What Linux tells of a process.
import { readdirSync, readFileSync } from 'node:fs';

/** Its children, the oldest first. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
