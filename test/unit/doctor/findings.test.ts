import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { redacted } from '../../../src/daemon/doctor/findings.js';

describe('findings', () => {
  it('name nobody', () => {
    const detail = 'no daemon at /people/ada/run/s of ada on desk-7.local, made by adam';
    const [hidden] = redacted([{ area: 'sockets', name: 'daemon', state: 'unknown', detail }], {
      user: 'ada',
      host: 'desk-7.local',
      home: '/people/ada',
    });
    assert.equal(hidden!.detail, 'no daemon at ~/run/s of <user> on <host>, made by adam');
  });
});
