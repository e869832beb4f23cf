// What a daemon that died left behind. Linux ends workers with their daemon, even stopped ones; elsewhere one that was
// stopped stays.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Processes of a list of `ps -axo pid=,args=` whose last argument is a folder of a worker within `folder`. */
export function orphansIn(list: string, folder: string): number[] {
  const places = ['worker-', 'compile-'].map((role) => ` ${join(folder, role)}`);
  return list.split('\n').flatMap((line) => {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    const isOurs = args?.startsWith('acceld ') && places.some((place) => args.includes(place));
    return isOurs ? [Number(pid)] : [];
  });
}

/** Ends the workers of this folder and removes what they wrote. Before the first worker of this daemon, which alone uses it. */
export function sweepOrphans(folder: string): void {
  const left = readdirSync(folder).filter((name) => /^(worker|compile)-/.test(name));
  if (left.length === 0) return;
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' });
  for (const pid of orphansIn(stdout ?? '', folder)) kill(pid);
  for (const name of left) rmSync(join(folder, name), { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
