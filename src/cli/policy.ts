// `acceld policy`: what policy lets run, and what an operator may change about it.
import { Rung, Voice, type Client, type Services } from '../client/index.js';
import { UsageError } from './failure.js';
import { codesOf, secondsOf } from './flags.js';
import { rungWord, voiceWord } from './show.js';
import { clean, type Terminal } from './terminal.js';

export type PolicyStatus = NonNullable<Awaited<ReturnType<Services['admin']['setPolicy']>>['policy']>;

const hourSeconds = 3600;
const daySeconds = 86_400;

function muteSeconds(time: string): number {
  const count = secondsOf(time, '--for');
  if (count <= daySeconds) return count;
  throw new UsageError(`--for must be at most a day, got ${JSON.stringify(time)}`);
}

const voices = new Map(codesOf(Voice, 'VOICE_').map((code) => [voiceWord(code), code]));
const rungs = new Map(codesOf(Rung, 'RUNG_').map((code) => [rungWord(code), code]));

function codeOf<Code>(what: string, known: ReadonlyMap<string, Code>, word: string): Code {
  const code = known.get(word);
  if (code !== undefined) return code;
  throw new UsageError(`the ${what} must be of ${[...known.keys()].join(', ')}, got ${JSON.stringify(word)}`);
}

export const mute = async (client: Client, { voice, time }: { readonly voice: string; readonly time: string }) => {
  const value = { voice: codeOf('voice', voices, voice), seconds: muteSeconds(time) };
  return change(client, { $case: 'mute', value });
};

export const unmute = async (client: Client, voice: string) =>
  change(client, { $case: 'unmute', value: codeOf('voice', voices, voice) });

export const setFloor = async (client: Client, rung: string) =>
  change(client, { $case: 'floor', value: codeOf('rung', rungs, rung) });

type Change = NonNullable<NonNullable<Parameters<Services['admin']['setPolicy']>[0]>['change']>;

async function change(client: Client, wanted: Change): Promise<PolicyStatus> {
  const { policy } = await client.admin.setPolicy({ change: wanted });
  return policy!;
}

/** A line for each thing that is not as usual; the first says which rung is in force. */
export function printPolicy(policy: PolicyStatus, terminal: Terminal): void {
  const say = (line: string) => terminal.out(`${clean(line)}\n`);
  say(`allowance ${rungWord(policy.rung)}${policy.mayLoad ? '' : ', nothing is compiled or loaded now'}`);
  for (const { voice, text } of policy.reasons) say(`  ${voiceWord(voice)}: ${text}`);
  if (policy.floor > Rung.RUNG_NORMAL) say(`  the lowest rung is ${rungWord(policy.floor)}, as an operator wants it`);
  for (const { voice, secondsLeft } of policy.muted) say(`  ${voiceWord(voice)} is muted for ${timeLeft(secondsLeft)}`);
  if (policy.lost.length > 0) say(`  cannot be read here: ${policy.lost.map(voiceWord).join(', ')}`);
  if (policy.protectedVenues.length > 0) say(`  protected: ${policy.protectedVenues.join(', ')}`);
  const { calendarEndsSeconds: left } = policy;
  if (left !== undefined && left < 60 * daySeconds) say(`  the table of market days ends in ${timeLeft(left)}`);
}

function timeLeft(seconds: number): string {
  if (seconds >= 2 * daySeconds) return `${Math.floor(seconds / daySeconds)} days`;
  return seconds >= hourSeconds ? `${(seconds / hourSeconds).toFixed(1)} h` : `${Math.ceil(seconds / 60)} min`;
}
