// What docs/monitoring/ and the table of metrics in docs/OPERATING.md promise, held against a real Prometheus.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { connect, OptionModel, OptionType, Priority, type Client } from '../../src/client/index.js';
import { unlimited } from '../../src/daemon/base/allowance.js';
import type { Event } from '../../src/daemon/base/events.js';
import { CallTable } from '../../src/daemon/telemetry/call-series.js';
import { createMetrics } from '../../src/daemon/telemetry/metrics.js';
import { Device } from '../../src/gen/acceld/v1/execution.js';
import { callFinished } from '../support/call-finished.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { needs, runs } from '../support/missing.js';
import { startPrometheus, type Prometheus, type Sample } from '../support/prometheus.js';

const folder = new URL('../../docs/monitoring/', import.meta.url);
const operating = readFileSync(new URL('../OPERATING.md', folder), 'utf8');
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** Rows "| `name` | type | `label`, … | meaning |". */
const documented: readonly Documented[] = [
  ...operating.matchAll(/^\| `(acceld_[a-z_]+)` +\| (counter|gauge|histogram) +\| ([^|]*)\|/gm),
].map(([, name, type, labels]) => ({
  name: name!,
  type: type!,
  labels: [...labels!.matchAll(/`([a-z]+)`/g)].map((match) => match[1]!).sort(),
}));
const forOperators = (name: string): boolean => name.startsWith('acceld_caller_');

describe('alert rules', () => {
  before(function () {
    needs(this, 'promtool (package prometheus)', runs('promtool', '--version'));
  });

  it('are rules, and Prometheus takes the configuration that reads them', () => {
    assert.match(promtool('check', 'rules', 'alerts.yaml').output, /SUCCESS: \d+ rules found/);
    assert.equal(promtool('check', 'config', 'prometheus.yaml').status, 0);
  });

  it('fire when they must and not otherwise', function () {
    this.timeout(60_000);
    const { status, output } = promtool('test', 'rules', 'alerts.test.yaml');
    assert.equal(status, 0, output);
  });

  it('are each tested, explained, and about metrics that exist', () => {
    const { groups } = parse(textOf('alerts.yaml')) as { groups: { rules: { alert: string; expr: string }[] }[] };
    const rules = groups.flatMap(({ rules: each }) => each);
    const names = rules.map(({ alert }) => alert);
    const tested = [...textOf('alerts.test.yaml').matchAll(/alertname: (\w+)/g)].map((match) => match[1]!);
    const explained = [...operating.matchAll(/^\| `(Acceld\w+)`/gm)].map((match) => match[1]!);
    assert.deepEqual(tested.sort(), [...names].sort());
    assert.deepEqual(explained.sort(), [...names].sort());
    const known = new Set(documented.map(({ name }) => name));
    for (const metric of rules.flatMap(({ expr }) => expr.match(/acceld_[a-z_]+/g) ?? [])) {
      assert.ok(known.has(metric.replace(/_(bucket|sum|count)$/, '')), metric);
    }
  });
});

/** A machine that has everything: what a test machine cannot measure, from the same code. */
function fullMachine(): { server: Server; close: () => void } {
  const calls = new CallTable();
  const gpu = { kind: Device.DEVICE_GPU, up: true, workers: 2, busyNs: 1e9, parallel: 1 };
  const pool = { name: 'regions', hits: 1, misses: 0, freeBytes: 0, fragmentation: 0 };
  const metrics = createMetrics({
    ...{ version: '1', runtimeIsSupported: true, startSeconds: 1_800_000_000, lanes: () => [], calls },
    devices: () => [{ ...gpu, memory: { bytes: 100, usedBytes: 30, heldBytes: 80, fragmentation: 0.25 } }],
    memory: () => ({ budgetBytes: 100, usedBytes: { region: 10 }, holdings: [], regions: 1, pools: [pool] }),
    busyRatio: () => 0.5,
    policy: () => ({
      ...{ thermalLevel: 1, temperatureCelsius: 50, memoryPressure: 0, otherLoad: 0.1, calendarEndsSeconds: 1e7 },
      ...{ protectedVenues: ['XNYS'], muted: [], allowance: unlimited },
    }),
    history: () => ({ up: true, rowsWritten: 1, rowsDropped: 0, bytes: 4096 }),
  });
  const events: Event[] = [
    { kind: 'worker-started', device: 'gpu', pid: 1, startMs: 5 },
    { kind: 'worker-died', device: 'gpu', pid: 1, cause: 'killed', accused: 1, lost: 1 },
    { kind: 'kernel-quarantined', device: Device.DEVICE_GPU, kernel: 'k', reason: 'r' },
    { kind: 'result-checked', device: Device.DEVICE_GPU, kernel: 'k', isSame: true },
    { kind: 'region-ended', id: 'r', owner: 'uid:1', bytes: 1, reason: 'released' },
    { kind: 'allowance-changed', from: 'normal', to: 'no-batch', reasons: [] },
    { kind: 'configuration-accepted', hash: 'aa', file: undefined },
  ];
  calls.add(callFinished());
  for (const event of events) metrics.observe(event);
  const server = createServer((_request, response) => {
    void metrics.text().then((text) => response.setHeader('content-type', metrics.contentType).end(text));
  });
  return { server: server.listen(0, '127.0.0.1'), close: () => (server.close(), metrics.close()) };
}

describe('metrics and the dashboard', function () {
  this.timeout(120_000);
  let daemon: RunningDaemon | undefined;
  let client: Client | undefined;
  let prometheus: Prometheus | undefined;
  let full: ReturnType<typeof fullMachine> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let instances: { real: string; full: string };
  const ask = <Data>(path: string): Promise<Data> => prometheus!.ask<Data>(path);

  before(async function () {
    needs(this, 'prometheus', runs('prometheus', '--version'));
    daemon = await startDaemon();
    client = connect({ socket: daemon.socket });
    full = fullMachine();
    await new Promise((done) => full!.server.once('listening', done));
    const { port } = full.server.address() as AddressInfo;
    instances = { real: `127.0.0.1:${daemon.httpPort}`, full: `127.0.0.1:${port}` };
    // A failure and two priorities, again and again: rates need calls between scrapes.
    timer = setInterval(() => {
      void load(client!).catch(() => undefined);
    }, 200);
    prometheus = await startPrometheus(Object.values(instances));
    await eventually(async () => {
      const query = encodeURIComponent('count_over_time(acceld_build_info[1m]) >= 5');
      const { result } = await ask<{ result: Sample[] }>(`query?query=${query}`);
      assert.equal(result.length, 2);
    }, 60_000);
  });
  after(async () => {
    clearInterval(timer);
    client?.close();
    await prometheus?.stop();
    full?.close();
    full?.server.closeAllConnections();
    await daemon?.stop();
  });

  it('have the names, types and labels that docs/OPERATING.md lists, and no others', async () => {
    const metadata = await ask<Record<string, { type: string; help: string }[]>>('metadata');
    const scraped = Object.entries(metadata).filter(([name]) => name.startsWith('acceld_'));
    assert.deepEqual(
      scraped.map(([name, found]) => `${name} ${found[0]!.type}`).sort(),
      documented
        .filter(({ name }) => !forOperators(name))
        .map(({ name, type }) => `${name} ${type}`)
        .sort(),
    );
    const match = encodeURIComponent('{__name__=~"acceld_.+"}');
    const series = await ask<Record<string, string>[]>(`series?match[]=${match}`);
    const seen = new Map<string, Set<string>>();
    for (const { __name__: raw, job: _job, instance: _instance, le: _le, ...labels } of series) {
      const name = metadata[raw!] ? raw! : raw!.replace(/_(bucket|sum|count)$/, '');
      seen.set(name, new Set([...(seen.get(name) ?? []), Object.keys(labels).sort().join(',')]));
    }
    for (const { name, labels } of documented.filter(({ name: each }) => !forOperators(each))) {
      assert.deepEqual([name, ...(seen.get(name) ?? ['no series'])], [name, labels.join(',')]);
    }
  });

  it('fill every panel', async () => {
    const { panels } = JSON.parse(textOf('dashboard.json')) as {
      panels: { title: string; description?: string; targets?: { expr: string }[] }[];
    };
    const run = async (expr: string, instance: string): Promise<number> => {
      const filled = expr.replaceAll('$instance', instance).replaceAll('$__rate_interval', '30s');
      return (await ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(filled)}`)).result.length;
    };
    for (const { title, description = '', targets = [] } of panels) {
      for (const { expr } of targets) {
        const mayBeEmpty = /Empty (where|without)/.test(description);
        const found = (await run(expr, instances.real)) || (mayBeEmpty ? await run(expr, instances.full) : 0);
        assert.ok(found > 0, `${title}: ${expr} finds nothing`);
      }
    }
  });

  it('pass promtool', async () => {
    const text = await (await fetch(`http://${instances.real}/metrics`)).text();
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  it('for operators name callers, with the labels that docs/OPERATING.md lists', async () => {
    const { text } = await client!.admin.getMetrics();
    for (const { name, type, labels } of documented.filter(({ name: each }) => forOperators(each))) {
      assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
      assert.match(text, new RegExp(`^${name}\\{${labels[0]}="uid:`, 'm'));
    }
  });
});

async function load({ pricing }: Client): Promise<void> {
  const chain = {
    model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
    type: new Uint8Array(1000).fill(OptionType.OPTION_TYPE_CALL),
    ...{ spot: 100, strike: 105, rate: 0.05, volatility: 0.2, yearsToExpiry: 1 },
  };
  const execution = { device: 0, fallback: 0, precision: 0, priority: Priority.PRIORITY_ORDER, validateOnly: false };
  await pricing.priceOptions(chain);
  await pricing.priceOptions({ ...chain, execution });
  await pricing.priceOptions({ ...chain, spot: undefined });
}
