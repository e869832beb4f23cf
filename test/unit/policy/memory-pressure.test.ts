import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { findGroups, judgeLevel, judgeMemory, memoryVoice } from '../../../src/daemon/policy/memory-pressure.js';
import { scratch } from '../../support/start.js';
import { settings } from './settings.js';

const machine = { name: 'the machine', bytesMax: 1000, availableBytes: 500 };
const silent = { thermalPressure: () => null, memoryPressure: () => null };

describe('memory pressure', () => {
  let folder: ReturnType<typeof scratch>;
  beforeEach(() => (folder = scratch()));
  afterEach(() => folder.remove());

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), `${text}\n`);
  };
  const roots = () => ({ proc: join(folder.path, 'proc'), cgroup: join(folder.path, 'cgroup') });
  const hear = () => memoryVoice(silent, roots()).hear(settings);

  it('the tightest room decides', () => {
    const group = { name: 'its control group', bytesMax: 100, availableBytes: 5 };
    const { opinion, facts } = judgeMemory([machine, group], undefined, settings.memory);
    assert.equal(opinion.rung, 'no-batch');
    assert.equal(opinion.text, '5 % of the memory of its control group is available');
    assert.equal(facts.memoryPressure, 2);
  });

  it('takes the time that programs stood still into account', () => {
    const { opinion, facts } = judgeMemory([machine], 0.06, settings.memory);
    assert.deepEqual([opinion.rung, facts.memoryPressure], ['no-background', 1]);
    assert.match(opinion.text, /stood still .* 6 % of the time/);
  });

  it('knows the three levels of macOS', () => {
    const rungs = [1, 2, 4].map((level) => judgeLevel({ level, availableShare: 0.2 }).opinion.rung);
    assert.deepEqual(rungs, ['normal', 'no-background', 'shed-interactive']);
  });

  it('reads version 2: the limit of a group above, files that can be dropped, and its own stalls', async () => {
    write('proc/meminfo', 'MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 900 kB');
    write('proc/self/cgroup', '0::/desk/acceld');
    write('proc/pressure/memory', 'some avg10=90.00\nfull avg10=90.00 avg60=0.00');
    write('cgroup/desk/acceld/memory.max', 'max');
    write('cgroup/desk/memory.max', '100000');
    write('cgroup/desk/memory.current', '99000');
    write('cgroup/desk/memory.stat', 'anon 10\ninactive_file 40000');
    write('cgroup/desk/memory.pressure', 'some avg10=3.00\nfull avg10=1.00 avg60=0.00');
    assert.equal((await hear()).opinion.rung, 'normal');
    write('cgroup/desk/memory.stat', 'anon 10\ninactive_file 2000');
    const { opinion } = await hear();
    assert.deepEqual(
      [opinion.rung, opinion.text],
      ['shed-interactive', '3 % of the memory of its control group is available'],
    );
  });

  it('reads version 1, where a number beyond every machine is no limit', async () => {
    write('proc/meminfo', 'MemTotal: 1000 kB\nMemAvailable: 900 kB');
    write('proc/self/cgroup', '4:cpu,memory:/desk\n2:cpuset:/other\n0::/');
    write('cgroup/memory/memory.limit_in_bytes', '9223372036854771712');
    write('cgroup/memory/desk/memory.limit_in_bytes', '1000');
    write('cgroup/memory/desk/memory.usage_in_bytes', '920');
    write('cgroup/memory/desk/memory.stat', 'inactive_file 5\ntotal_inactive_file 10');
    assert.deepEqual(
      findGroups(roots()).map(({ bytesMax, version }) => [bytesMax, version]),
      [[1000, 1]],
    );
    assert.equal((await hear()).opinion.text, '9 % of the memory of its control group is available');
  });

  it('notices at once that it was moved to another group', async () => {
    write('proc/meminfo', 'MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 900 kB');
    write('proc/self/cgroup', '0::/wide');
    write('cgroup/narrow/memory.max', '100000');
    write('cgroup/narrow/memory.current', '97000');
    const voice = memoryVoice(silent, roots());
    assert.equal((await voice.hear(settings)).opinion.rung, 'normal');
    write('proc/self/cgroup', '0::/narrow');
    assert.equal((await voice.hear(settings)).opinion.rung, 'shed-interactive');
  });

  it('says so where the system tells nothing', () => {
    write('proc/meminfo', 'MemTotal: 1000 kB');
    assert.throws(() => hear(), /does not tell what is available/);
  });
});
