// Which kinds of cores the machine has, and which work goes where: ORDER and INTERACTIVE to performance cores, BACKGROUND to
// efficiency cores, BATCH anywhere, below everything else.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CorePlan } from '../base/cores.js';
import type { CoreSettings } from './settings.js';

/** What the system tells. `cpus` are numbers of processors; where nobody may choose among them there are none. */
export interface Topology {
  readonly cores: number;
  readonly performance: { readonly count: number; readonly cpus?: readonly number[] };
  readonly efficiency: { readonly count: number; readonly cpus?: readonly number[] };
}

export interface CoreSystem {
  /** Processors of each kind, the fastest first. */
  readonly levels: readonly number[];
  /** Processors that this process may use, as Node counts them. */
  readonly cores: number;
  readonly roots?: { readonly proc: string; readonly sys: string };
}

/**
 * A core below this share of the fastest one's capacity is an efficiency core. Cores that boost higher than their like are
 * within a tenth; efficiency cores were seen from 0.3 (Arm) to 0.76 (Intel).
 */
const efficiencyShare = 0.8;

export function planCores(
  { use, performance, efficiency }: CoreSettings,
  topology: Topology,
  threads?: number,
): CorePlan {
  const all = threads ?? topology.cores;
  if (use === 'all') return { threads: all };
  const fast = performance ? { count: performance.length, cpus: performance } : topology.performance;
  const slow = efficiency ? { count: efficiency.length, cpus: efficiency } : topology.efficiency;
  const isMixed = performance !== undefined || slow.count > 0;
  return {
    threads: threads ?? (isMixed ? fast.count : all),
    urgentCpus: isMixed ? fast.cpus : undefined,
    bulkThreads: all,
    background: slow.count > 0 ? { threads: Math.min(all, slow.count), cpus: slow.cpus } : undefined,
  };
}

/** The plan for this machine. */
export const planHere = (settings: CoreSettings, levels: readonly number[], threads?: number): CorePlan =>
  planCores(settings, readTopology({ levels, cores: availableParallelism() }), threads);

export function readTopology({ levels, cores, roots = { proc: '/proc', sys: '/sys' } }: CoreSystem): Topology {
  const alike: Topology = { cores, performance: { count: cores }, efficiency: { count: 0 } };
  // macOS chooses the cores by the threads' class; a third kind, where there is one, counts as the slow one.
  if (levels.length > 1) {
    const [fast = cores, ...rest] = levels;
    return { cores, performance: { count: fast }, efficiency: { count: rest.reduce((sum, each) => sum + each, 0) } };
  }
  const allowed = numbersOf(/^Cpus_allowed_list:\s*(.*)$/m.exec(read(join(roots.proc, 'self/status')))?.[1] ?? '');
  const slow = slowOf(allowed, join(roots.sys, 'devices'));
  const fast = allowed.filter((cpu) => !slow.includes(cpu));
  if (slow.length === 0 || fast.length === 0) return alike;
  return { cores, performance: { count: fast.length, cpus: fast }, efficiency: { count: slow.length, cpus: slow } };
}

/** Intel names its kinds; others give each core's capacity, or its highest frequency. */
function slowOf(allowed: readonly number[], devices: string): number[] {
  const atoms = numbersOf(read(join(devices, 'cpu_atom/cpus')));
  if (atoms.length > 0) return allowed.filter((cpu) => atoms.includes(cpu));
  for (const file of ['cpu_capacity', 'cpufreq/cpuinfo_max_freq']) {
    const capacities = allowed.map((cpu) => Number(read(join(devices, `system/cpu/cpu${cpu}`, file))));
    if (capacities.length === 0 || !capacities.every((capacity) => capacity > 0)) continue;
    const fastest = Math.max(...capacities);
    return allowed.filter((_, index) => capacities[index]! < fastest * efficiencyShare);
  }
  return [];
}

/** "0-3,8" */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (!match) return [];
    const first = Number(match[1]);
    return Array.from({ length: Number(match[2] ?? first) - first + 1 }, (_, index) => first + index);
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
