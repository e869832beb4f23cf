import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { UnitCosts } from '../../../src/daemon/devices/unit-costs.js';

describe('UnitCosts', () => {
  it('takes the first measurement whole, and of later ones a fifth', () => {
    const costs = new UnitCosts();
    assert.equal(costs.unitNs('a'), 100);
    costs.learn('a', 1000, 2000);
    assert.equal(costs.unitNs('a'), 2);
    costs.learn('a', 1000, 7000);
    assert.equal(costs.unitNs('a'), 3);
    assert.equal(costs.unitNs('b'), 100);
  });

  it('learns nothing from a few rows', () => {
    const costs = new UnitCosts();
    costs.learn('a', 255, 1e9);
    assert.equal(costs.unitNs('a'), 100);
  });
});
