// What an operator sees of policy and may change.
import { SetPolicyResponse, type PolicyStatus, type SetPolicyRequest } from '../../gen/acceld/v1/policy.js';
import { rungs, voices, type PolicyChange, type PolicyDesk, type Rung, type Voice } from '../base/allowance.js';
import { invalidInput, rejected } from '../base/fault.js';
import type { Respond } from './call.js';

export const setPolicy =
  (desk: PolicyDesk): Respond<SetPolicyRequest> =>
  ({ change }, { incoming: { caller } }) => {
    desk.change({ caller: caller.name, ...parse(change) });
    return SetPolicyResponse.encode({ policy: policyStatus(desk) }).finish();
  };

export function policyStatus(desk: PolicyDesk): PolicyStatus {
  const { allowance, protectedVenues, calendarEndsSeconds } = desk.reading();
  return {
    rung: codeOfRung(allowance.rung),
    reasons: allowance.reasons.map(({ voice, text }) => ({ voice: codeOfVoice(voice), text })),
    bulkShare: allowance.bulkShare,
    mayLoad: allowance.mayLoad,
    floor: codeOfRung(desk.floor),
    muted: desk.muted().map(({ voice, secondsLeft }) => ({ voice: codeOfVoice(voice), secondsLeft })),
    lost: desk.lost.map(codeOfVoice),
    protectedVenues: [...protectedVenues],
    calendarEndsSeconds,
  };
}

/** The enums of the protocol have the order of these lists, behind their code for nothing. */
export const codeOfRung = (rung: Rung): number => rungs.indexOf(rung) + 1;
export const codeOfVoice = (voice: Voice): number => voices.indexOf(voice) + 1;

function parse(change: SetPolicyRequest['change']): Omit<PolicyChange, 'caller'> {
  if (change === undefined) throw invalidInput([rejected('change', 'set', undefined)]);
  if (change.$case === 'mute') {
    const { voice, seconds } = change.value;
    return { mute: { voice: named('mute.voice', voices, voice), seconds } };
  }
  if (change.$case === 'unmute') return { unmute: named('unmute', voices, change.value) };
  return { floor: named('floor', rungs, change.value) };
}

function named<Name extends string>(field: string, names: readonly Name[], code: number): Name {
  const name = names[code - 1];
  if (name === undefined) throw invalidInput([rejected(field, `one of ${names.join(', ')}`, code)]);
  return name;
}
