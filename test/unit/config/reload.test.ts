import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ConfigurationEvent, Event } from '../../../src/daemon/base/events.js';
import { ConfigurationError, parseConfig } from '../../../src/daemon/config/config.js';
import { changedPaths, Reload, type LiveRoom } from '../../../src/daemon/config/reload.js';

const parse = (text: string) => parseConfig(text, { file: 'FILE', overrides: [] });
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

/** A reload of `texts`, one after the other, by rooms that write down what is put in force. */
function harness(texts: readonly string[], more: readonly LiveRoom[] = []) {
  const events: ConfigurationEvent[] = [];
  const applied: string[] = [];
  let reads = 0;
  const room = (name: string): LiveRoom => ({
    settings: [name],
    prepare: (next) => () => applied.push(`${name} ${JSON.stringify(next[name as 'log'])}`),
  });
  const reload = new Reload({
    config: parse(''),
    file: 'FILE',
    read: () => parse(texts[reads++]!),
    rooms: [room('log'), room('admission'), ...more],
    announce: (event: Event) => events.push(event as ConfigurationEvent),
    onAccepted: () => applied.push('kept'),
  });
  return { reload, events, applied, reads: () => reads };
}

describe('reload', () => {
  it('puts new settings in force in every room, and says which', async () => {
    const { reload, events, applied } = harness(['log: { level: debug }']);
    reload.request();
    assert.equal(events.length, 0, 'not before the loop turns');
    await turn();
    assert.equal(reload.config.log.level, 'debug');
    assert.match(applied.join(), /^log .*"debug".*,admission .*,kept$/);
    assert.equal(events[0]!.kind, 'configuration-accepted');
  });

  it('changes nothing when one setting is bad, and names every problem', async () => {
    const { reload, events, applied } = harness(['log: { level: loud, colour: red }\nhttp: { port: -1 }']);
    reload.request();
    await turn();
    assert.deepEqual(applied, []);
    assert.equal(reload.config.log.level, 'info');
    assert.ok(events[0]!.kind === 'configuration-refused' && events[0]!.problems.length === 3);
  });

  it('changes nothing when one room refuses, or a setting needs a restart, and says both', async () => {
    const refusing: LiveRoom = {
      settings: ['memory'],
      prepare: () => {
        throw new ConfigurationError(['memory.budget_bytes: too small']);
      },
    };
    const { reload, events, applied } = harness(
      ['log: { level: debug }\nhttp: { port: 1 }\ncpu: { threads: 3 }'],
      [refusing],
    );
    reload.request();
    await turn();
    assert.deepEqual(applied, []);
    assert.deepEqual(events, [
      {
        kind: 'configuration-refused',
        problems: [
          'http.port: changes only with a restart',
          'cpu.threads: changes only with a restart',
          'memory.budget_bytes: too small',
        ],
      },
    ]);
  });

  it('makes one reload of what is asked while one is due', async () => {
    const { reload, reads } = harness(['', '', '']);
    for (let count = 0; count < 5; count += 1) reload.request();
    await turn();
    assert.equal(reads(), 1);
    reload.request();
    await turn();
    assert.equal(reads(), 2);
  });

  it('knows what changed', () => {
    assert.deepEqual(changedPaths(parse(''), parse('')), []);
    assert.deepEqual(changedPaths(parse(''), parse('gpu: { standby: false }\ncpu: { threads: 1 }')), [
      'cpu.threads',
      'gpu.standby',
    ]);
    assert.deepEqual(changedPaths({ a: [1, 2] }, { a: [2, 1] }), ['a']);
  });
});
