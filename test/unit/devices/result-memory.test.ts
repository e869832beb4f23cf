import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { allocateOutputs, outputBytes } from '../../../src/daemon/devices/result-memory.js';
import { optionPlan } from '../../support/option-task.js';

const plan = {
  ...optionPlan(loadHostAddon(), 10),
  outputs: [true, false, true],
  room: { before: 3, behind: 7 },
};

describe('result memory', () => {
  it('lays the wanted columns one after the other, with room around each', () => {
    const { memory, outputs } = allocateOutputs(plan);
    assert.equal(memory.length, outputBytes(plan));
    assert.deepEqual(
      outputs.map((column) => column && [column.byteOffset - memory.byteOffset, column.length]),
      [[3, 80], null, [86, 80]],
    );
  });
});
