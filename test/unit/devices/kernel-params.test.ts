import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadHostAddon } from '../../../src/daemon/devices/host-addon.js';
import { builds } from '../../support/addon-child.js';

const addon = loadHostAddon(join(builds, 'host.node'));
const kernel = addon.kernels.findIndex(({ name }) => name === 'simulate-f32');
const { paramsBytes, paramsStepBytes, outputs } = addon.kernels[kernel]!;
const stepsMax = 2 ** 20;

/** One block of paths of spot 1 that do not move, with a strike of 0 and a discount factor of 1. */
function simulate(bytes: number): number {
  const params = new Uint8Array(bytes);
  const view = new DataView(params.buffer);
  if (bytes >= paramsBytes) {
    view.setFloat32(32, 1, true);
    view.setFloat32(40, 1, true);
  }
  const sum = new Float32Array(1);
  const columns = outputs.map((_, index) => (index === 0 ? sum : null));
  assert.equal(addon.run(kernel, params, [], columns, 0, 1), 0);
  return sum[0]!;
}

describe('parameters that vary in length', () => {
  it('are a struct and any number of steps', () => {
    assert.deepEqual([paramsBytes, paramsStepBytes], [80, 36]);
    for (const steps of [0, 1, 2, 5]) assert.equal(simulate(paramsBytes + steps * paramsStepBytes), 1024);
  });

  it('are refused when they end within the struct or a step, or are too many', () => {
    const steps = (count: number) => paramsBytes + count * paramsStepBytes;
    for (const bytes of [0, paramsBytes - 1, paramsBytes + 1, steps(2) - 1, steps(stepsMax + 1)]) {
      const message = `params must hold 80 and any number of 36 bytes, got ${bytes}`;
      assert.throws(() => simulate(bytes), { name: 'RangeError', message });
    }
  });
});
