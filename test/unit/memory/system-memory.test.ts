import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { describe, it } from 'mocha';
import { availableBytes, budgetLimits, machineBytes } from '../../../src/daemon/memory/system-memory.js';

const settings = { budgetBytes: undefined, callerBytes: undefined, reserveBytes: 7 };

describe('memory of the machine', () => {
  it('is divided where the settings say nothing', () => {
    assert.deepEqual(budgetLimits(settings, 1000), { bytesMax: 250, ownerBytesMax: 125, reserveBytes: 7 });
  });

  it('is divided as the settings say, and no caller gets more than there is', () => {
    assert.deepEqual(budgetLimits({ ...settings, budgetBytes: 600 }, 1000).ownerBytesMax, 300);
    assert.deepEqual(budgetLimits({ ...settings, budgetBytes: 600, callerBytes: 900 }, 1000).ownerBytesMax, 600);
  });

  it('is what the system says', () => {
    assert.ok(machineBytes() > 0 && machineBytes() <= totalmem());
    const available = availableBytes();
    assert.ok(process.platform === 'linux' ? available! > 0 && available! <= totalmem() : available === undefined);
  });
});
