import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { judgePressure, judgeZones, levelOfZone, readZones, thermalVoice } from '../../../src/daemon/policy/thermal.js';
import { scratch } from '../../support/start.js';
import { settings } from './settings.js';

const zone = { type: 'x86_pkg_temp', celsius: 50, passive: 95, critical: 105 };

describe('thermal', () => {
  it("goes by a zone's own trip points, and by the settings where it has none", () => {
    const levels = [50, 90, 95, 100].map((celsius) => levelOfZone({ ...zone, celsius }, settings.thermal));
    assert.deepEqual(levels, [0, 1, 2, 3]);
    const bare = { ...zone, passive: undefined, critical: undefined };
    assert.deepEqual(
      [84, 85, 95, 103].map((celsius) => levelOfZone({ ...bare, celsius }, settings.thermal)),
      [0, 1, 2, 3],
    );
  });

  it('the hottest zone decides, and a radio has no say', () => {
    const radio = { type: 'iwlwifi_1', celsius: 110, passive: undefined, critical: undefined };
    const { opinion, facts } = judgeZones([zone, { ...zone, celsius: 96 }, radio], settings.thermal);
    assert.deepEqual(facts, { thermalLevel: 2, temperatureCelsius: 96 });
    assert.equal(opinion.rung, 'no-background');
    assert.match(opinion.text, /serious: x86_pkg_temp has 96 °C/);
    assert.throws(() => judgeZones([radio], settings.thermal), /no thermal zone/);
  });

  it('keeps a rung until the zone cooled below its trip point', () => {
    assert.equal(judgeZones([{ ...zone, celsius: 93 }], settings.thermal).opinion.easedTo, 'no-background');
    assert.equal(judgeZones([{ ...zone, celsius: 91 }], settings.thermal).opinion.easedTo, 'shrink-pools');
  });

  it('knows the five levels of macOS', () => {
    const found = [0, 1, 2, 3, 4].map((pressure) => judgePressure(pressure).opinion.rung);
    assert.deepEqual(found, ['normal', 'shrink-pools', 'no-background', 'no-batch', 'no-batch']);
  });

  it('reads the files of Linux, without trip points that are switched off and zones that do not answer', async () => {
    const { path, remove } = scratch();
    const write = (name: string, files: Record<string, string>): void => {
      mkdirSync(join(path, name));
      for (const [file, text] of Object.entries(files)) writeFileSync(join(path, name, file), `${text}\n`);
    };
    write('thermal_zone0', {
      type: 'cpu-thermal',
      temp: '61500',
      trip_point_0_type: 'passive',
      trip_point_0_temp: '90000',
      trip_point_1_type: 'critical',
      trip_point_1_temp: '-274000',
    });
    write('thermal_zone1', { type: 'asleep' });
    write('cooling_device0', { type: 'Processor' });
    try {
      assert.deepEqual(await readZones(path), [
        { type: 'cpu-thermal', celsius: 61.5, passive: 90, critical: undefined },
      ]);
    } finally {
      remove();
    }
  });

  it('says so where the system shows nothing', async () => {
    const voice = thermalVoice({ thermalPressure: () => null, memoryPressure: () => null }, '/nowhere');
    await assert.rejects(async () => voice.hear(settings), /no thermal zone/);
  });
});
