// npm test: builds, runs every check and every suite, and ends with the line "N passed, N failed".
// Installs nothing. What a test lacks is named; with CI set a missing part is a failure.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checks } from './checks.mjs';
import { root, stream } from './run.mjs';

/** In order: what fails soonest comes first, what builds on everything else last. */
const suites = [
  { name: 'unit', pattern: 'test/unit/**/*.test.ts' },
  { name: 'tidy', pattern: 'test/tidy.test.ts' },
  { name: 'native', pattern: 'test/native/native.test.ts test/native/metal-text.test.ts' },
  { name: 'identity', pattern: 'test/native/identity.test.ts test/native/gpu.test.ts' },
  { name: 'system', pattern: 'test/system/**/*.test.ts' },
  { name: 'service', pattern: 'test/service/**/*.test.ts' },
  { name: 'chaos', pattern: 'test/chaos/*.test.ts' },
  { name: 'soak', pattern: 'test/soak/soak.test.ts' },
];

const total = { passed: 0, failed: 0, skipped: [] };

await check('build', build);
for (const { name, run } of checks) await check(name, run);
for (const suite of suites) await runSuite(suite);

for (const title of total.skipped) console.log(`skipped: ${title}`);
if (process.env.CI) total.failed += total.skipped.length;
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

async function check(name, run) {
  const startedMs = performance.now();
  const { failure, missing } = await run();
  const seconds = ((performance.now() - startedMs) / 1e3).toFixed(1);
  if (missing) total.skipped.push(`${name} (missing: ${missing}; npm run setup installs it)`);
  else if (failure) total.failed += 1;
  else total.passed += 1;
  console.log(`${missing ? 'skipped' : failure ? 'failed' : 'ok'}  ${name} (${seconds} s)`);
  if (failure) console.log(failure.replace(/^/gm, '    '));
}

/** The system tests run dist/ and the addon: both must be those of the sources. */
async function build() {
  for (const args of [[join(root, 'node_modules/typescript/bin/tsc')], ['scripts/native.mjs']]) {
    const code = await stream(process.execPath, args);
    if (code !== 0) return { failure: `${args.join(' ')} exited with ${code}` };
  }
  return { failure: '' };
}

async function runSuite({ name, pattern }) {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'acceld-test-'));
  const counts = join(folder, 'counts.json');
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const options = ['--forbid-only', '--reporter=test/support/count-reporter.cjs', `--reporter-option=counts=${counts}`];
  console.log(`\n${name}: ${pattern}`);
  const code = await stream(process.execPath, [mocha, ...options, ...pattern.split(' ')]);
  const result = readCounts(counts);
  rmSync(folder, { recursive: true });
  total.passed += result.passed;
  total.skipped.push(...result.skipped);
  // A suite that found no file, did not load or died is a failure, whatever it counted before.
  total.failed += code !== 0 && result.failed === 0 ? 1 : result.failed;
  const seconds = ((performance.now() - startedMs) / 1e3).toFixed(1);
  console.log(`${name}: ${result.passed} passed, ${result.failed} failed, exit code ${code}, ${seconds} s`);
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: [] };
  }
}
