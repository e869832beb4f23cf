// A new operation needs exactly what docs/HACKING.md, "Add an operation", says: done in a copy of the tree, and called.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type * as ClientModule from '../../src/client/index.js';
import { startDaemon } from '../support/daemon.js';
import { scratch } from '../support/start.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = new URL('../fixtures/add-operation.txt', import.meta.url);
const run = promisify(execFile);

/** Compiling every instruction set takes a minute of two cores, more when they are busy. */
const buildMsMax = 600_000;

interface Addition {
  readonly path: string;
  /** The line that it follows; undefined: it is a new file. */
  readonly anchor: string | undefined;
  readonly text: string;
}

/** "=== PATH" begins a new file, "=== PATH after: LINE" lines to insert. */
function additions(): Addition[] {
  const [, ...parts] = readFileSync(fixture, 'utf8').split(/^=== /m);
  return parts.map((part) => {
    const end = part.indexOf('\n');
    const [path, anchor] = part.slice(0, end).split(' after: ');
    return { path: path!, anchor, text: part.slice(end + 1) };
  });
}

function add(tree: string, { path, anchor, text }: Addition): void {
  const file = join(tree, path);
  if (anchor === undefined) {
    assert.ok(!existsSync(file), `${path} exists`);
    writeFileSync(file, text);
    return;
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.indexOf(anchor);
  assert.ok(at >= 0, `${path} has no line "${anchor}"`);
  writeFileSync(file, [...lines.slice(0, at + 1), text.trimEnd(), ...lines.slice(at + 1)].join('\n'));
}

async function copyTree(tree: string): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root });
  for (const path of stdout.split('\0').filter(Boolean)) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(tree, path));
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
}

describe('add an operation', function () {
  this.timeout(buildMsMax);

  it('in the places that HACKING.md names and no other, and calls it', async () => {
    const { path: tree, remove } = scratch();
    try {
      await copyTree(tree);
      for (const addition of additions()) add(tree, addition);
      const inTree = (...args: string[]) => run(process.execPath, args, { cwd: tree });
      await inTree('scripts/generate.mjs');
      await inTree('scripts/native.mjs');
      await inTree('node_modules/typescript/bin/tsc');
      await assertServed(tree);
    } finally {
      remove();
    }
  });

  it('names the places of HACKING.md', () => {
    const text = readFileSync(join(root, 'docs/HACKING.md'), 'utf8');
    const section = text.slice(text.indexOf('## Add an operation'), text.indexOf('## Rules'));
    const places = new Set(additions().map(({ path }) => path.replace(/add[-_]rows/, '<operation>')));
    // Of the service's proto HACKING.md names no file: each operation chooses its service.
    places.delete('proto/acceld/v1/pricing_service.proto');
    for (const place of places) assert.ok(section.includes(`\`${place}\``), `HACKING.md does not name ${place}`);
  });
});

async function assertServed(tree: string): Promise<void> {
  const daemon = await startDaemon({ root: tree });
  try {
    const [left, right] = [Float64Array.of(1, 2.5, -3), Float64Array.of(10, 0.25, 3)];
    const { connect } = (await import(pathToFileURL(join(tree, 'dist/client/index.js')).href)) as typeof ClientModule;
    const client = connect({ socket: daemon.socket });
    // The types of this tree do not know the method; the copy's do.
    const { addRows } = client.pricing as unknown as Record<
      string,
      (request: object) => Promise<{ sum: Float64Array }>
    >;
    const reply = await addRows!({ left, right });
    assert.deepEqual([...reply.sum], [11, 2.75, 0]);
    const long = await addRows!({ left: Float64Array.from({ length: 40_000 }, (_, row) => row), right: 0.5 });
    assert.ok(long.sum.length === 40_000 && long.sum.every((sum, row) => sum === row + 0.5));
    await assert.rejects(addRows!({ left: [NaN] }), /left.*right|right.*left/);
    client.close();
    const program = join(tree, 'bin/acceld');
    const json = '{"left": [1, 2.5], "right": 10}';
    const { stdout } = await run(process.execPath, [program, '--socket', daemon.socket, 'call', 'AddRows', json]);
    const printed = JSON.parse(stdout) as { sum: number[]; receipt: { kernelDigest: string } };
    assert.deepEqual(printed.sum, [11, 12.5]);
    assert.match(printed.receipt.kernelDigest, /^[0-9a-f]{16}$/);
    const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    assert.match(metrics, /acceld_call_seconds_count\{operation="add-rows"/);
    assert.equal((await daemon.stop()).code, 0);
  } finally {
    await daemon.stop('SIGKILL');
  }
}
