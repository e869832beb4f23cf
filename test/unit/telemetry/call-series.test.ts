import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { callerStatesMax } from '../../../src/daemon/base/limits.js';
import { CallTable, lastMinute, shortName } from '../../../src/daemon/telemetry/call-series.js';
import { callFinished } from '../../support/call-finished.js';

describe('call series', () => {
  it('shortens the names of codes', () => {
    assert.deepEqual([shortName('DEVICE_CPU'), shortName(undefined)], ['cpu', 'unknown']);
  });

  it('has a series for each operation, device, priority and outcome', () => {
    const table = new CallTable();
    table.add(callFinished());
    table.add(callFinished());
    table.add(callFinished({ outcome: 'QUEUE_FULL' }));
    const counts = [...table.series.values()].map(({ labels, recent }) => [labels.outcome, recent.calls]);
    assert.deepEqual(counts, [
      ['OK', 2],
      ['QUEUE_FULL', 1],
    ]);
  });

  it('forgets a slot when it begins again, and never the totals', () => {
    const table = new CallTable();
    table.add(callFinished());
    table.begin(1);
    table.add(callFinished());
    table.begin(0);
    const caller = table.callers.get('uid:1')!;
    assert.deepEqual([caller.calls, lastMinute(caller)], [2, { calls: 1, deviceNs: 2e6 }]);
    assert.equal([...table.series.values()][0]!.recent.calls, 1);
  });

  it('counts callers beyond the limit together', () => {
    const table = new CallTable();
    for (let uid = 0; uid < callerStatesMax + 5; uid += 1) table.add(callFinished({ caller: `uid:${uid}` }));
    assert.equal(table.callers.size, callerStatesMax + 1);
    assert.equal(table.callers.get('other')!.calls, 5);
  });
});
