import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { planCores, readTopology } from '../../../src/daemon/policy/cores.js';
import { scratch } from '../../support/start.js';

describe('cores', () => {
  let folder: ReturnType<typeof scratch>;
  beforeEach(() => (folder = scratch()));
  afterEach(() => folder.remove());

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), `${text}\n`);
  };
  const read = (allowed: string, levels: readonly number[] = []) => {
    write('proc/self/status', `Name:\tacceld\nCpus_allowed_list:\t${allowed}`);
    const roots = { proc: join(folder.path, 'proc'), sys: join(folder.path, 'sys') };
    return readTopology({ levels, cores: 4, roots });
  };
  const capacities = (values: readonly number[], file = 'cpu_capacity') =>
    values.forEach((value, cpu) => write(`sys/devices/system/cpu/cpu${cpu}/${file}`, String(value)));

  it('knows Arm cores by their capacity', () => {
    capacities([300, 300, 1024, 1024]);
    const { performance, efficiency } = read('0-3');
    assert.deepEqual(
      [performance.cpus, efficiency.cpus],
      [
        [2, 3],
        [0, 1],
      ],
    );
  });

  it('knows Intel cores by their kind, and others by their frequency', () => {
    write('sys/devices/cpu_atom/cpus', '2-3');
    assert.deepEqual(read('0-3').efficiency.cpus, [2, 3]);
    write('sys/devices/cpu_atom/cpus', '');
    capacities([5_000_000, 4_900_000, 3_700_000, 3_700_000], 'cpufreq/cpuinfo_max_freq');
    assert.deepEqual(read('0-3').efficiency.cpus, [2, 3]);
  });

  it('sees only the processors that this process may use', () => {
    capacities([300, 300, 1024, 1024]);
    const { performance, efficiency } = read('1,3');
    assert.deepEqual([performance.cpus, efficiency.cpus], [[3], [1]]);
    assert.equal(read('2-3').efficiency.count, 0);
  });

  it('takes cores for alike where nothing tells, and where one only boosts higher', () => {
    assert.equal(read('0-3').efficiency.count, 0);
    capacities([1024, 980, 980, 960]);
    assert.deepEqual(read('0-3'), { cores: 4, performance: { count: 4 }, efficiency: { count: 0 } });
  });

  it('knows the levels of macOS, one, two or three of them', () => {
    assert.deepEqual(read('', [8, 4]), { cores: 4, performance: { count: 8 }, efficiency: { count: 4 } });
    assert.equal(read('', [4]).efficiency.count, 0);
    assert.equal(read('', [4, 6, 2]).efficiency.count, 8);
  });

  const mixed = { cores: 4, performance: { count: 2, cpus: [2, 3] }, efficiency: { count: 2, cpus: [0, 1] } };
  const alike = { cores: 4, performance: { count: 4 }, efficiency: { count: 0 } };

  it('puts urgent work on performance cores, BACKGROUND on efficiency cores, and BATCH anywhere', () => {
    assert.deepEqual(planCores({ use: 'auto' }, mixed), {
      threads: 2,
      urgentCpus: [2, 3],
      bulkThreads: 4,
      background: { threads: 2, cpus: [0, 1] },
    });
  });

  it('binds nothing where cores are alike, or shall be', () => {
    assert.deepEqual(planCores({ use: 'all' }, mixed), { threads: 4 });
    const { urgentCpus, background, threads } = planCores({ use: 'auto' }, alike);
    assert.deepEqual([threads, urgentCpus, background], [4, undefined, undefined]);
  });

  it('does what the settings say, on any machine', () => {
    const plan = planCores({ use: 'auto', performance: [3], efficiency: [0] }, alike, 2);
    assert.deepEqual(plan, { threads: 2, urgentCpus: [3], bulkThreads: 2, background: { threads: 1, cpus: [0] } });
  });
});
