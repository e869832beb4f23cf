// npm run bench -- [--json] [--only NAME,NAME]
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { kernelBenches } from './kernel-rows.js';
import { regionBenches } from './region-rows.js';
import { MissingPart, type Row } from './row.js';
import { serverBenches } from './server-rows.js';
import { sessionBenches } from './session-rows.js';
import { simulationBenches } from './simulation-rows.js';
import { soakBenches } from './soak-rows.js';
import { volatilityBenches } from './volatility-rows.js';
import { workerBenches } from './worker-rows.js';

const benches = [
  ...kernelBenches,
  ...volatilityBenches,
  ...simulationBenches,
  ...serverBenches,
  ...sessionBenches,
  ...workerBenches,
  ...regionBenches,
  ...soakBenches,
];

const { values: flags } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const wanted = flags.only?.split(',') ?? benches.map(({ name }) => name);
const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const bench of benches.filter(({ name }) => wanted.includes(name))) {
  try {
    for await (const row of bench.rows()) {
      rows.push(row);
      if (flags.json) console.log(JSON.stringify(row));
    }
  } catch (error) {
    if (!(error instanceof MissingPart)) throw error;
    console.error(`${error.message}: no row ${bench.name}`);
  }
}
if (!flags.json) printTable(rows);

function printTable(rows: readonly Row[]): void {
  const table = new Table({
    head: ['name', 'ours', 'peer', 'ratio', 'p50/p99 us', 'unit', 'peer is'],
    style: { head: [], border: [] },
  });
  for (const { name, ours, peer, ratio, p50Us, p99Us, unit, peerName } of rows) {
    const latency = p50Us === undefined || p99Us === undefined ? '' : `${Math.round(p50Us)} / ${Math.round(p99Us)}`;
    table.push([name, ours, peer ?? 'missing', ratio ?? '', latency, unit, peerName]);
  }
  console.log(`${table.toString()}\n${rows[0]?.machine ?? 'no rows'}`);
}
