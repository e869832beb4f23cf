import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { lookAtMac } from '../../../src/daemon/doctor/mac.js';
import { builds } from '../../support/addon-child.js';

const sensors = {
  thermalPressure: () => 0,
  memoryPressure: () => null,
  performanceLevels: () => [4, 6],
  launchdRefusal: () => constants.errno.ESRCH,
  powerReportsObjection: () => '',
};
const linesOf = (change: Partial<typeof sensors> = {}) =>
  lookAtMac({ ...sensors, ...change }, 'darwin').map(({ name, state, detail }) => `${name} ${state} ${detail}`);

describe('a Mac', () => {
  it('says what it has, and of every open question why nobody can tell', () => {
    const lines = linesOf();
    assert.ok(lines.includes('thermal ok the system publishes level 0'), lines.join('\n'));
    assert.ok(lines.includes('pressure lacking unavailable on this system'));
    assert.ok(lines.includes('cores ok 4 + 6, the fastest first'));
    assert.ok(lines.some((line) => line.startsWith('power ok IOReport')));
    assert.ok(lines.some((line) => line.startsWith('launchd unknown cannot tell: launchd did not start')));
    for (const name of [
      'session',
      'files',
      'watchdog',
      'recovery',
      'not-permitted',
      'sleep',
      'core-ml',
      'containers',
    ]) {
      assert.ok(
        lines.some((line) => line.startsWith(`${name} unknown cannot tell: `)),
        name,
      );
    }
  });

  it('tells a launchd that answers from one that fails, and why power cannot be read', () => {
    const { ENOENT, EINVAL } = constants.errno;
    assert.ok(linesOf({ launchdRefusal: () => ENOENT }).some((line) => line.startsWith('launchd ok')));
    assert.ok(
      linesOf({ launchdRefusal: () => EINVAL }).includes(
        `launchd lacking launch_activate_socket fails with errno ${EINVAL}`,
      ),
    );
    assert.ok(linesOf({ powerReportsObjection: () => 'no' }).includes('power lacking no'));
  });

  it('is asked in one line elsewhere', () => {
    const [line, ...more] = lookAtMac(sensors, 'linux');
    assert.match(line!.detail, /^cannot tell: not a Mac \(thermal, /);
    assert.deepEqual(more, []);
  });

  it('has an addon that answers on every system', () => {
    const addon = loadHostAddon(join(builds, 'host.node'));
    const isMac = process.platform === 'darwin';
    assert.equal(addon.launchdRefusal() === constants.errno.ENOSYS, !isMac);
    assert.equal(typeof addon.powerReportsObjection(), 'string');
    if (!isMac) assert.equal(addon.powerReportsObjection(), 'only macOS has IOReport');
  });
});
