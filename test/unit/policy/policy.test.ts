import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { rungs, type Allowance, type Rung } from '../../../src/daemon/base/allowance.js';
import type { Event } from '../../../src/daemon/base/events.js';
import { plainly } from '../../../src/daemon/policy/ladder.js';
import { readMarketTable } from '../../../src/daemon/policy/market-days.js';
import { openPolicy, Policy } from '../../../src/daemon/policy/policy.js';
import type { PolicySettings } from '../../../src/daemon/policy/settings.js';
import type { SensorVoice } from '../../../src/daemon/policy/voice.js';
import { systemClock } from '../../../src/daemon/base/clock.js';
import { eventually } from '../../support/eventually.js';
import { settings } from './settings.js';

const table = readMarketTable();
/** A Tuesday, two hours before the NYSE opens. */
const startMs = Date.UTC(2026, 10, 24, 12, 30);

/** A policy with a thermal and a memory voice that say what the test says, on a clock that the test moves. */
function set(changed: Partial<PolicySettings> = {}, start = startMs) {
  let seconds = 0;
  const said: { memory: Rung; thermal: Rung | Error } = { memory: 'normal', thermal: 'normal' };
  const events: Event[] = [];
  const heard: Allowance[] = [];
  const sensor = (voice: 'memory' | 'thermal', everyMs: number): SensorVoice => ({
    voice,
    everyMs,
    hear: () => {
      const rung = said[voice];
      if (rung instanceof Error) throw rung;
      return { opinion: plainly(rung, `${voice} says ${rung}`), facts: voice === 'thermal' ? { thermalLevel: 1 } : {} };
    },
  });
  const policy = new Policy({
    settings: { ...settings, ...changed },
    clock: { nowNs: () => seconds * 1e9, wallMs: () => start + seconds * 1e3, later: () => assert.fail('a timer') },
    announce: (event) => events.push(event),
    sensors: [sensor('thermal', 10_000), sensor('memory', 1000)],
    table,
  });
  policy.onChange((allowance) => heard.push(allowance));
  const run = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) {
      await policy.step();
      seconds += 1;
    }
  };
  const kinds = () => events.map(({ kind }) => kind);
  return { policy, said, events, heard, run, kinds };
}

describe('policy', () => {
  it('limits nothing, says nothing and calls nobody while all is well', async () => {
    const { policy, events, heard, run } = set();
    await run(100);
    assert.equal(policy.allowance().rung, 'normal');
    assert.deepEqual([events, heard], [[], []]);
  });

  it('climbs the whole ladder and comes back, one event with its reason for each rung', async () => {
    const { said, events, run } = set();
    for (const rung of rungs) {
      said.memory = rung;
      await run(3);
    }
    said.memory = 'normal';
    await run(60);
    const changes = events.flatMap((event) => (event.kind === 'allowance-changed' ? event : []));
    const ladder = [...rungs, ...[...rungs].reverse().slice(1)];
    assert.deepEqual(
      changes.map(({ from, to }) => [from, to]),
      ladder.slice(1).map((to, index) => [ladder[index], to]),
    );
    assert.deepEqual(changes[2]!.reasons, [{ voice: 'memory', text: 'memory says no-batch' }]);
    assert.deepEqual(changes.at(-1)!.reasons, []);
  });

  it('a voice that cannot be read abstains, and its loss and its return are each told once', async () => {
    const { policy, said, kinds, run, events } = set();
    said.thermal = 'no-batch';
    await run(1);
    assert.equal(policy.allowance().rung, 'no-batch');
    said.thermal = new Error('the sensor is gone');
    await run(30);
    assert.equal(policy.allowance().rung, 'normal');
    assert.equal(policy.reading().thermalLevel, undefined);
    assert.deepEqual(policy.lost, ['thermal']);
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'voice-lost'),
      [{ kind: 'voice-lost', voice: 'thermal', reason: 'the sensor is gone' }],
    );
    said.thermal = 'normal';
    await run(10);
    assert.equal(kinds().filter((kind) => kind === 'voice-found').length, 1);
    assert.equal(policy.reading().thermalLevel, 1);
  });

  it('reads a slow voice seldom', async () => {
    const { policy, said, run } = set();
    await run(1);
    said.thermal = 'no-batch';
    await run(9);
    assert.equal(policy.allowance().rung, 'normal');
    await run(1);
    assert.equal(policy.allowance().rung, 'no-batch');
  });

  it('a muted voice has no say until its time is over; who muted it is told', async () => {
    const { policy, said, events, run } = set();
    said.memory = 'no-batch';
    await run(1);
    policy.change({ caller: 'uid:0', mute: { voice: 'memory', seconds: 60 } });
    assert.equal(policy.allowance().rung, 'normal');
    assert.deepEqual(policy.reading().muted, ['memory']);
    await run(59);
    assert.equal(policy.allowance().rung, 'normal');
    await run(2);
    assert.equal(policy.allowance().rung, 'no-batch');
    const told = events.filter(({ kind }) => kind === 'voice-muted' || kind === 'voice-unmuted');
    assert.deepEqual(told, [
      { kind: 'voice-muted', voice: 'memory', caller: 'uid:0', untilMs: startMs + 61_000 },
      { kind: 'voice-unmuted', voice: 'memory', caller: 'its time is over' },
    ]);
  });

  it('a voice can be unmuted early, and a day is the most', async () => {
    const { policy, said, run } = set();
    said.memory = 'no-batch';
    await run(1);
    policy.change({ caller: 'uid:0', mute: { voice: 'memory', seconds: 86_400 } });
    policy.change({ caller: 'uid:0', unmute: 'memory' });
    assert.equal(policy.allowance().rung, 'no-batch');
    assert.throws(() => policy.change({ caller: 'uid:0', mute: { voice: 'memory', seconds: 86_401 } }), /mute/);
  });

  it("the operator's floor holds whatever the others say, and goes at once", () => {
    const { policy, heard } = set();
    policy.change({ caller: 'uid:501', floor: 'shed-interactive' });
    assert.deepEqual(heard[0]!.reasons, [{ voice: 'operator', text: 'uid:501 asked for shed-interactive' }]);
    policy.change({ caller: 'uid:501', floor: 'normal' });
    assert.equal(policy.allowance().rung, 'normal');
  });

  it('holds BATCH in the protected window of a venue, and neither sheds nor shrinks anything', async () => {
    const { policy, heard, run } = set({ market: { ...settings.market, venues: ['NYSE'] } });
    await run(115 * 60);
    assert.equal(policy.allowance().rung, 'normal');
    await run(1);
    const { rung, mayLoad, shrinkPools } = policy.allowance();
    assert.deepEqual([rung, mayLoad, shrinkPools], ['no-batch', false, false]);
    assert.deepEqual(policy.reading().protectedVenues, ['NYSE']);
    await run(20 * 60);
    assert.deepEqual(
      heard.map((allowance) => allowance.rung),
      ['no-batch', 'normal'],
    );
  }).timeout(20_000);

  it('warns of the end of the table once a day, from two months before it, and stops nothing on 1 January', async () => {
    const market = { ...settings.market, venues: ['NYSE'] };
    const early = set({ market }, Date.UTC(2028, 10, 1));
    await early.run(3);
    assert.deepEqual(early.events, []);
    const late = set({ market }, Date.UTC(2028, 10, 15));
    await late.run(3);
    assert.equal(
      late.events.filter((event) => event.kind === 'warning' && /ends in 47 days/.test(event.text)).length,
      1,
    );
    const after = set({ market }, Date.UTC(2029, 0, 2, 14, 31));
    await after.run(3);
    assert.match((after.events[0] as { text: string }).text, /has ended/);
    assert.equal(after.policy.allowance().rung, 'normal');
    assert.ok(after.policy.reading().calendarEndsSeconds! < 0);
  });

  it('takes new settings', async () => {
    const { policy, run } = set({}, Date.UTC(2026, 10, 24, 14, 31));
    await run(1);
    assert.equal(policy.allowance().rung, 'normal');
    const market = { ...settings.market, venues: ['NYSE'] };
    policy.reconfigure({ ...settings, market });
    await run(1);
    assert.equal(policy.allowance().rung, 'no-batch');
  });

  it('reads this machine', async () => {
    const events: Event[] = [];
    const addon = { thermalPressure: () => null, memoryPressure: () => null };
    const open = openPolicy({ settings, clock: systemClock, announce: (event) => events.push(event), addon });
    open.observe({ kind: 'worker-started', device: 'gpu', pid: process.ppid, startMs: 1 });
    // The first round has begun, and a sensor of a system may take its time.
    const reading = await eventually(() => {
      const found = open.policy.reading();
      assert.notEqual(found.otherLoad, undefined);
      return found;
    });
    if (process.platform === 'linux') assert.notEqual(reading.memoryPressure, undefined);
    open.close();
  });
});
