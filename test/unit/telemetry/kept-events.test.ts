import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Device } from '../../../src/gen/acceld/v1/execution.js';
import { factsOf } from '../../../src/daemon/telemetry/kept-events.js';
import { callFinished } from '../../support/call-finished.js';

describe('kept events', () => {
  it('are those that are rare', () => {
    assert.equal(factsOf(callFinished()), undefined);
    assert.equal(factsOf({ kind: 'connection-opened', caller: 'uid:1', pid: 1 }), undefined);
    assert.equal(factsOf({ kind: 'result-checked', device: Device.DEVICE_GPU, kernel: 'k', isSame: true }), undefined);
    assert.equal(factsOf({ kind: 'stopping', reason: 'SIGTERM' }), '{"reason":"SIGTERM"}');
  });

  it('name devices and errors as people do', () => {
    const device = Device.DEVICE_GPU;
    assert.equal(
      factsOf({ kind: 'kernel-quarantined', device, kernel: 'k', reason: 'r' }),
      '{"device":"gpu","kernel":"k","reason":"r"}',
    );
    assert.equal(
      factsOf({ kind: 'bug', where: 'here', requestId: 'r', error: new Error('broken') }),
      '{"where":"here","requestId":"r","error":"Error: broken"}',
    );
  });

  it('are short, and JSON whatever they say', () => {
    const long = factsOf({ kind: 'warning', text: 'é'.repeat(5000) })!;
    assert.ok(long.length <= 512);
    assert.match((JSON.parse(long) as { text: string }).text, /^é+$/);
    const problems = Array.from({ length: 100 }, (_, index) => `problem ${index}`);
    const many = factsOf({ kind: 'configuration-refused', problems })!;
    assert.ok(many.length <= 512);
    assert.match((JSON.parse(many) as { cut: string }).cut, /problem 0/);
  });
});
