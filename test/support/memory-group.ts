// A control group whose memory is limited, of version 2 or 1, where this user may make one.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

export interface MemoryGroup {
  readonly limitBytes: number;
  /** What can still be taken, as the daemon reckons it. */
  availableBytes(): number;
  add(pid: number): void;
  /** The file that a process writes its id to. */
  readonly processes: string;
  /** After the last process left. */
  remove(): void;
}

const root = '/sys/fs/cgroup';

/** Undefined: the system lets nobody make one here. */
export function openMemoryGroup(limitBytes: number): MemoryGroup | undefined {
  const version = existsSync(`${root}/cgroup.controllers`) ? 2 : 1;
  const parent = version === 2 ? root : `${root}/memory`;
  const folder = `${parent}/acceld-test-${process.pid}`;
  const write = (name: string, value: number): void => writeFileSync(`${folder}/${name}`, String(value));
  const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
  try {
    mkdirSync(folder);
    write(version === 2 ? 'memory.max' : 'memory.limit_in_bytes', limitBytes);
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  return {
    limitBytes,
    processes: `${folder}/cgroup.procs`,
    availableBytes: () => {
      const used = Number(read(version === 2 ? 'memory.current' : 'memory.usage_in_bytes'));
      const pattern = version === 2 ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m;
      return limitBytes - used + Number(pattern.exec(read('memory.stat'))?.[1] ?? 0);
    },
    add: (pid) => write('cgroup.procs', pid),
    remove: () => rmdirSync(folder),
  };
}
