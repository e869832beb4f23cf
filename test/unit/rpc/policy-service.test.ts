import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { rungs, unlimited, voices, type PolicyChange, type PolicyDesk } from '../../../src/daemon/base/allowance.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import type { Course } from '../../../src/daemon/rpc/call.js';
import { codeOfRung, codeOfVoice, policyStatus, setPolicy } from '../../../src/daemon/rpc/policy-service.js';
import { Rung, SetPolicyResponse, Voice, type SetPolicyRequest } from '../../../src/gen/acceld/v1/policy.js';

const reading = { protectedVenues: ['LSE'], muted: [], allowance: unlimited, calendarEndsSeconds: 5 };

function set() {
  const changes: PolicyChange[] = [];
  const desk: PolicyDesk = {
    floor: 'no-batch',
    lost: ['thermal'],
    reading: () => reading,
    muted: () => [{ voice: 'load', secondsLeft: 60 }],
    change: (change) => changes.push(change),
  };
  const course = { incoming: { caller: { name: 'uid:0' } } } as unknown as Course;
  const ask = (change: SetPolicyRequest['change']) => setPolicy(desk)({ change }, course) as Uint8Array;
  return { desk, changes, ask };
}

describe('policy service', () => {
  it('has the words of the protocol', () => {
    const word = (name: string, prefix: string) => name.slice(prefix.length).toLowerCase().replaceAll('_', '-');
    assert.deepEqual(
      rungs.map((rung) => word(Rung[codeOfRung(rung)]!, 'RUNG_')),
      rungs,
    );
    assert.deepEqual(
      voices.map((voice) => word(Voice[codeOfVoice(voice)]!, 'VOICE_')),
      voices,
    );
  });

  it('passes each change on with the name of its caller, and answers with the policy in force', () => {
    const { ask, changes, desk } = set();
    const { policy } = SetPolicyResponse.decode(
      ask({ $case: 'mute', value: { voice: Voice.VOICE_THERMAL, seconds: 60 } }),
    );
    ask({ $case: 'unmute', value: Voice.VOICE_MEMORY });
    ask({ $case: 'floor', value: Rung.RUNG_ORDER_ONLY });
    assert.deepEqual(changes, [
      { caller: 'uid:0', mute: { voice: 'thermal', seconds: 60 } },
      { caller: 'uid:0', unmute: 'memory' },
      { caller: 'uid:0', floor: 'order-only' },
    ]);
    assert.deepEqual(policy, policyStatus(desk));
    assert.deepEqual(
      [policy.floor, policy.lost, policy.protectedVenues],
      [Rung.RUNG_NO_BATCH, [Voice.VOICE_THERMAL], ['LSE']],
    );
  });

  it('names what cannot be', () => {
    const { ask, changes } = set();
    const field = (change: SetPolicyRequest['change']): string => {
      try {
        ask(change);
      } catch (error) {
        assert.ok(error instanceof Fault);
        return error.violations[0]!.field;
      }
      return '';
    };
    assert.equal(field(undefined), 'change');
    assert.equal(field({ $case: 'mute', value: { voice: 9 as Voice, seconds: 60 } }), 'mute.voice');
    assert.equal(field({ $case: 'unmute', value: Voice.VOICE_UNSPECIFIED }), 'unmute');
    assert.equal(field({ $case: 'floor', value: -1 as Rung }), 'floor');
    assert.deepEqual(changes, []);
  });
});
