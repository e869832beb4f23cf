// Builds the addon with node-gyp, from packages alone: no headers are downloaded. Does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gpuLanguage, writeGpuText } from './gpu-text.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'build/native.stamp');
const built = ['host.node', 'host_test.node', 'acceld-worker', 'acceld-worker-test'].map((name) =>
  join(root, 'build/Release', name),
);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const filesIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(h|cc|mm|cl|metal)$/.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);

function sha256(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** Where this Node keeps its headers: the places that distributions, Homebrew and nvm use. */
function findHeaders() {
  const candidates = [
    process.env.npm_config_nodedir,
    process.config.variables.node_prefix,
    join(dirname(realpathSync(process.execPath)), '..'),
  ];
  return candidates.find((folder) => folder && existsSync(join(folder, 'include/node/node_api.h')));
}

function fail(message) {
  console.error(`acceld: ${message}`);
  process.exit(1);
}

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

function checkTools() {
  const missing = ['make', 'python3'].filter((command) => !has(command));
  if (!has(process.env.CXX ?? 'c++') && !has('g++') && !has('clang++')) missing.push('a C++ compiler');
  if (missing.length === 0) return;
  const install = process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install build-essential python3';
  fail(`cannot build the addon without ${missing.join(', ')}; run: ${install}`);
}

const kernels = [...filesIn('native/kernels'), ...filesIn('native/backends/cpu')];
const digest = sha256(kernels).slice(0, 16);
const inputs = [
  ...kernels,
  ...filesIn('native/host'),
  ...filesIn('native/worker'),
  ...['gpu', 'opencl', 'metal', 'absent'].flatMap((backend) => filesIn(`native/backends/${backend}`)),
  'native/device/gpu.h',
  'binding.gyp',
  'scripts/native.mjs',
  'scripts/gpu-text.mjs',
  'package.json',
];
const state = `${sha256(inputs)} ${process.version} ${process.arch}`;
if (built.every(existsSync) && existsSync(stamp) && readFileSync(stamp, 'utf8') === state) process.exit(0);

checkTools();
const headers = findHeaders();
if (headers === undefined) fail('cannot find the headers of this Node.js; install them or set npm_config_nodedir');
writeGpuText(gpuLanguage, join(root, 'build/generated'));
const program = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const environment = { ...process.env, GYP_DEFINES: `acceld_version=${version} acceld_kernel_digest=${digest}` };
// Not `rebuild`, which empties build/: tests and benches keep files of their own there.
for (const step of ['configure', 'build']) {
  const result = spawnSync(
    process.execPath,
    [program, step, '--silent', `--nodedir=${headers}`, '--jobs', String(availableParallelism())],
    { cwd: root, encoding: 'utf8', env: environment },
  );
  if (result.status !== 0) fail(`the addon does not compile:\n${result.stdout}${result.stderr}`);
  // Warnings, of which there should be none, are not hidden.
  process.stderr.write(result.stderr);
}
mkdirSync(dirname(stamp), { recursive: true });
writeFileSync(stamp, state);
