import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lookAtMac } from '../../../src/daemon/doctor/mac.js';

describe('a Mac', () => {
  it('says what only a Mac could tell, in one line elsewhere', () => {
    const addon = { thermalPressure: () => 0, memoryPressure: () => null, performanceLevels: () => [4, 6] };
    const lines = lookAtMac(addon, 'darwin').map(({ name, state, detail }) => `${name} ${state} ${detail}`);
    assert.ok(lines.includes('thermal ok the system publishes level 0'), lines.join('\n'));
    assert.ok(lines.includes('pressure lacking unavailable on this system'));
    assert.ok(lines.includes('cores ok 4 + 6, the fastest first'));
    const [line, ...more] = lookAtMac(addon, 'linux');
    assert.match(line!.detail, /^not a Mac: thermal, /);
    assert.deepEqual(more, []);
  });
});
