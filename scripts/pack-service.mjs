// npm run pack:service -- --key PRIVATE.pem [--out FOLDER] [--tree FOLDER]: one signed file for "acceld service upgrade".
// The key is Ed25519: openssl genpkey -algorithm ed25519. Its public half must be release-key.pem of the versions in service.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyRuntime } from '../dist/daemon/service/runtime.js';
import { root } from './run.mjs';

const { values } = parseArgs({
  options: { key: { type: 'string' }, out: { type: 'string', default: '.' }, tree: { type: 'string', default: root } },
});
if (values.key === undefined) {
  console.error('pack-service: --key names the private key');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'acceld-pack-'));
try {
  const facts = copyRuntime({ appFolder: resolve(values.tree), node: process.execPath }, folder);
  const path = join(resolve(values.out), `acceld-${facts.version}-${facts.system}-${facts.processor}.tgz`);
  execFileSync('tar', ['-czf', path, '-C', folder, './installed.json', './node', './app']);
  writeFileSync(`${path}.sig`, sign(null, readFileSync(path), createPrivateKey(readFileSync(values.key))));
  console.log(path);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
