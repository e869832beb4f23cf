import { spawnSync } from 'node:child_process';

export const serverCore = 0;
export const clientCore = 1;

const canPin = spawnSync('taskset', ['-c', `${serverCore},${clientCore}`, 'true']).status === 0;

/** The command, bound to one core where the system can do that. */
export const pinned = (core: number, command: readonly string[]): readonly string[] =>
  canPin ? ['taskset', '-c', String(core), ...command] : command;
