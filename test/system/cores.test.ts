// Where the daemon's threads really run, and the priority of calls that name none.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { connect, Priority, type Client } from '../../src/client/index.js';
import type { Classified } from '../../src/gen/acceld/v1/execution.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { notHere } from '../support/missing.js';
import { optionRequest } from '../support/option-request.js';
import { runProgram } from '../support/start.js';

interface Thread {
  readonly name: string;
  readonly cpus: string;
  readonly niceness: number;
  /** The processor on which it ran last. */
  readonly processor: number;
  /** 0 normal, 5 idle. */
  readonly scheduling: number;
}

function threadsOf(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`).map((id) => {
    const read = (file: string) => readFileSync(`/proc/${pid}/task/${id}/${file}`, 'utf8');
    const stat = read('stat');
    // Behind the name: field 3 of the whole line and the following.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      name: read('comm').trim(),
      cpus: /^Cpus_allowed_list:\s*(.*)$/m.exec(read('status'))![1]!,
      niceness: Number(fields[16]),
      processor: Number(fields[36]),
      scheduling: Number(fields[38]),
    };
  });
}

describe('cores', () => {
  let daemon: RunningDaemon;
  let client: Client;
  before(async function () {
    if (process.platform !== 'linux') notHere(this, 'only Linux tells where threads run');
    if (availableParallelism() < 2) notHere(this, 'one processor is no choice');
    const cores = 'cores: { performance: [0], efficiency: [1] }';
    const classification = 'classification: { enabled: true, batch_cores: 0.01 }';
    daemon = await startDaemon({ config: `policy: { ${cores}, ${classification} }` });
    client = connect({ socket: daemon.socket });
  });
  after(async () => {
    client?.close();
    await daemon?.stop();
  });

  const run = (priority: Priority) => client.pricing.priceOptions(optionRequest(16_000, { priority }));
  const named = (name: string) => threadsOf(daemon.pid).filter((thread) => thread.name === name);

  it('runs urgent work on performance cores, BACKGROUND on efficiency cores and BATCH anywhere', async () => {
    const everywhere = threadsOf(daemon.pid)[0]!.cpus;
    for (const priority of [Priority.PRIORITY_ORDER, Priority.PRIORITY_BATCH, Priority.PRIORITY_BACKGROUND]) {
      for (let call = 0; call < 5; call += 1) await run(priority);
    }
    const [urgent, bulk, idle] = [named('acceld-urgent'), named('acceld-bulk'), named('acceld-idle')];
    assert.deepEqual(urgent, [{ name: 'acceld-urgent', cpus: '0', niceness: 0, processor: 0, scheduling: 0 }]);
    assert.deepEqual(
      idle.map(({ cpus, processor, scheduling }) => [cpus, processor, scheduling]),
      [['1', 1, 5]],
    );
    assert.ok(bulk.length >= 2);
    for (const thread of bulk) assert.deepEqual([thread.cpus, thread.niceness, thread.scheduling], [everywhere, 19, 0]);
    assert.doesNotMatch(daemon.output(), /the system refused/);
  });

  it('says on the receipt which priority a call got that named none, and why', async () => {
    const short = await client.pricing.priceOptions(optionRequest(10));
    assert.equal(short.receipt?.classified?.priority, Priority.PRIORITY_INTERACTIVE);
    assert.match(short.receipt.classified.reason, /a short call/);
    // A hundredth of a core, over ten seconds: some 3 million options.
    let chain: Classified | undefined = short.receipt.classified;
    for (let call = 0; call < 100 && chain?.priority !== Priority.PRIORITY_BATCH; call += 1) {
      chain = (await client.pricing.priceOptions(optionRequest(200_000))).receipt?.classified;
    }
    assert.equal(chain?.priority, Priority.PRIORITY_BATCH);
    assert.match(chain.reason, /^these calls took 0.\d\d cores in the last 10 s, and from 0.01 on they are BATCH$/);
    const chosen = await client.pricing.priceOptions(optionRequest(10, { priority: Priority.PRIORITY_ORDER }));
    assert.equal(chosen.receipt?.classified, undefined);
  });
});

describe('cores that the machine does not have', () => {
  it('are a warning in the status and a finding of the doctor, and every call is served', async function () {
    if (process.platform !== 'linux') notHere(this, 'only Linux binds threads');
    const config = 'gpu: { enabled: false }\npolicy: { cores: { performance: [1023] } }\n';
    const daemon = await startDaemon({ config });
    const client = connect({ socket: daemon.socket });
    await client.pricing.priceOptions(optionRequest(16_000));
    const { warnings } = await client.admin.getStatus();
    client.close();
    const refused = /the system refused 1 of \d+ CPU threads the priority or the cores of its work/;
    assert.equal(warnings.filter((text) => refused.test(text)).length, 1, warnings.join('\n'));
    const { stdout } = await runProgram(['doctor', '--config', join(daemon.directory, 'acceld.yaml')]);
    assert.match(stdout, new RegExp(`^lacks +cpu +threads +${refused.source}`, 'm'));
    await daemon.stop();
  });
});
