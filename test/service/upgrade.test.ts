// Signed packages: made, refused, put in place, taken back. Covers src/daemon/service/package-file.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { appFolder, scratchMachine, type ScratchMachine } from '../support/service.js';
import { scratch as scratchFolder } from '../support/start.js';

const { version: own } = JSON.parse(readFileSync(join(appFolder, 'package.json'), 'utf8')) as { version: string };
const linked = ['bin', 'calendars', 'proto', 'launchd', 'systemd', 'node_modules'];

/** The same program under another version, which the addon says: both have as many letters. */
function treeOf(folder: string, version: string, key: string): string {
  const tree = join(folder, version);
  mkdirSync(join(tree, 'build/Release'), { recursive: true });
  for (const name of linked) symlinkSync(join(appFolder, name), join(tree, name));
  cpSync(join(appFolder, 'dist'), join(tree, 'dist'), { recursive: true });
  const manifest = readFileSync(join(appFolder, 'package.json'), 'utf8');
  writeFileSync(join(tree, 'package.json'), manifest.replace(`"version": "${own}"`, `"version": "${version}"`));
  copyFileSync(join(appFolder, 'build/Release/acceld-worker'), join(tree, 'build/Release/acceld-worker'));
  const addon = readFileSync(join(appFolder, 'build/Release/host.node'));
  for (let at = addon.indexOf(`\0${own}\0`); at >= 0; at = addon.indexOf(`\0${own}\0`, at + 1))
    addon.write(version, at + 1);
  writeFileSync(join(tree, 'build/Release/host.node'), addon);
  writeFileSync(join(tree, 'release-key.pem'), key);
  return tree;
}

function pack(tree: string, { out, key }: { out: string; key: string }): string {
  const args = ['scripts/pack-service.mjs', '--tree', tree, '--out', out, '--key', key];
  return execFileSync(process.execPath, args, { cwd: appFolder, encoding: 'utf8' }).trim();
}

describe('upgrade', function () {
  this.timeout(240_000);
  const folder = scratchFolder();
  const keys = generateKeyPairSync('ed25519');
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const privateKey = join(folder.path, 'private.pem');
  let scratch: ScratchMachine;
  let next: string;

  before(async () => {
    writeFileSync(privateKey, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    next = pack(treeOf(folder.path, '9.9.9', publicKey), { out: folder.path, key: privateKey });
    scratch = await scratchMachine({ system: 'darwin', scope: 'user', throttleSeconds: 0.2 });
    await done('install');
  });
  after(async () => {
    await scratch.close();
    folder.remove();
  });

  const startLog = (): string => {
    const path = join(scratch.layout.logs!, 'start.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };

  async function done(...args: string[]): Promise<string> {
    const { code, text } = await scratch.run(...args);
    assert.equal(code, 0, `${text}\n${startLog()}`);
    return text;
  }

  async function refused(pattern: RegExp, ...args: string[]): Promise<void> {
    const { code, text } = await scratch.run(...args);
    assert.notEqual(code, 0);
    assert.match(text, pattern);
    assert.match(await done('status'), new RegExp(`^acceld ${own.replaceAll('.', '\\.')} .*running`));
  }

  it('refuses what the version in service has not signed', async () => {
    await refused(/has no release key: it was built from source/, 'upgrade', next);
    const key = join(scratch.layout.current, 'app/release-key.pem');
    writeFileSync(key, publicKey);
    await refused(/is an address; fetch the package yourself/, 'upgrade', 'https://example.com/acceld.tgz');
    await refused(/none\.tgz is missing/, 'upgrade', join(folder.path, 'none.tgz'));
    const other = join(folder.path, 'other.tgz');
    copyFileSync(next, other);
    await refused(/other\.tgz\.sig is missing/, 'upgrade', other);
    copyFileSync(`${next}.sig`, `${other}.sig`);
    appendFileSync(other, 'x');
    await refused(/is not signed by the key of the version in service/, 'upgrade', other);
    rmSync(other);
  });

  it('puts the package in its place with a copy of the state, and goes back and forth', async () => {
    const { layout } = scratch;
    writeFileSync(join(layout.state, 'freeze'), 'old');
    await done('upgrade', next);
    assert.match(await done('status'), new RegExp(`^acceld 9\\.9\\.9 .*running[^]*previous +${own}`));
    assert.equal(readFileSync(join(layout.backups, own, 'freeze'), 'utf8'), 'old');
    assert.equal((await scratch.run('upgrade', next)).code, 71, 'it is in service already');
    writeFileSync(join(layout.state, 'freeze'), 'new');
    await done('rollback');
    assert.match(await done('status'), new RegExp(`^acceld ${own} .*running[^]*previous +9\\.9\\.9`));
    assert.equal(readFileSync(join(layout.state, 'freeze'), 'utf8'), 'new', 'what was written since survives');
    await done('rollback');
    await done('rollback', '--restore-state');
    assert.equal(readFileSync(join(layout.state, 'freeze'), 'utf8'), 'old');
  });

  it('takes an upgrade back that does not come to serve, and refuses an older version', async () => {
    const { layout } = scratch;
    const broken = treeOf(folder.path, '9.9.8', publicKey);
    writeFileSync(join(broken, 'dist/daemon/main.js'), 'process.exit(70);\n');
    const path = pack(broken, { out: folder.path, key: privateKey });
    await refused(/version 9\.9\.8 does not serve\nEverything is as it was/, 'upgrade', path, '--wait', '2');
    assert.deepEqual(readdirSync(layout.versions).sort(), [own, '9.9.9']);
    assert.ok(!existsSync(layout.pending));
    await done('rollback');
    const { code, text } = await scratch.run('upgrade', path);
    assert.notEqual(code, 0);
    assert.match(text, /version 9\.9\.8 is older than 9\.9\.9: rollback, or --allow-downgrade/);
  });
});
