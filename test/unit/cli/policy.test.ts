import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { UsageError } from '../../../src/cli/failure.js';
import { mute, printPolicy, setFloor, unmute, type PolicyStatus } from '../../../src/cli/policy.js';
import { plain } from '../../../src/cli/show.js';
import { Rung, Voice, type Client } from '../../../src/client/index.js';

const calm: PolicyStatus = {
  rung: Rung.RUNG_NORMAL,
  reasons: [],
  bulkShare: 1,
  mayLoad: true,
  floor: Rung.RUNG_NORMAL,
  muted: [],
  lost: [],
  protectedVenues: [],
};

function printed(policy: PolicyStatus): string {
  let out = '';
  printPolicy(policy, { out: (text) => void (out += text) } as Parameters<typeof printPolicy>[1]);
  return out;
}

/** A client that keeps what it is asked for. */
function asked() {
  const requests: unknown[] = [];
  const setPolicy = async (request: unknown) => {
    requests.push(request);
    return { policy: calm };
  };
  return { requests, client: { admin: { setPolicy } } as unknown as Client };
}

describe('acceld policy', () => {
  it('mutes for a day at most', async () => {
    const { client, requests } = asked();
    await mute(client, { voice: 'load', time: '1d' });
    await assert.rejects(mute(client, { voice: 'load', time: '25h' }), /--for must be at most a day, got "25h"/);
    await assert.rejects(mute(client, { voice: 'load', time: '1.5h' }), UsageError);
    assert.equal(requests.length, 1);
  });

  it('asks for what its words say', async () => {
    const { client, requests } = asked();
    await mute(client, { voice: 'thermal', time: '2h' });
    await unmute(client, 'memory');
    await setFloor(client, 'no-batch');
    assert.deepEqual(requests, [
      { change: { $case: 'mute', value: { voice: Voice.VOICE_THERMAL, seconds: 7200 } } },
      { change: { $case: 'unmute', value: Voice.VOICE_MEMORY } },
      { change: { $case: 'floor', value: Rung.RUNG_NO_BATCH } },
    ]);
  });

  it('names the words that it knows', async () => {
    const { client, requests } = asked();
    await assert.rejects(
      unmute(client, 'heat'),
      /voice must be of thermal, memory, load, market, operator, got "heat"/,
    );
    await assert.rejects(setFloor(client, 'top'), /rung must be of normal, shrink-pools/);
    assert.deepEqual(requests, []);
  });

  it('prints one line while all is well, and everything that is not', () => {
    assert.equal(printed(calm), 'allowance normal\n');
    const policy = {
      ...calm,
      rung: Rung.RUNG_NO_BATCH,
      reasons: [{ voice: Voice.VOICE_MARKET, text: 'NYSE opens in 4 min\u001b[1m' }],
      mayLoad: false,
      floor: Rung.RUNG_SHRINK_POOLS,
      muted: [{ voice: Voice.VOICE_LOAD, secondsLeft: 5400 }],
      lost: [Voice.VOICE_THERMAL],
      protectedVenues: ['NYSE'],
      calendarEndsSeconds: 3 * 86_400,
    };
    assert.equal(
      printed(policy),
      `allowance no-batch, nothing is compiled or loaded now
  market: NYSE opens in 4 min[1m
  the lowest rung is shrink-pools, as an operator wants it
  load is muted for 1.5 h
  cannot be read here: thermal
  protected: NYSE
  the table of market days ends in 3 days
`,
    );
    const json = plain(policy) as Record<string, unknown>;
    assert.deepEqual([json['rung'], json['lost']], ['RUNG_NO_BATCH', ['VOICE_THERMAL']]);
  });
});
