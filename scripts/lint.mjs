// npm run lint: every check, one line each. --fix formats the native sources instead.
import { checks, clangFormat } from './checks.mjs';

if (process.argv.includes('--fix')) {
  const { failure, missing } = await clangFormat('-i');
  if (missing || failure) console.error(missing ? `missing: ${missing} (npm run setup installs it)` : failure);
  process.exit(missing || failure ? 1 : 0);
}

let failures = 0;
for (const { name, run } of checks) {
  const { failure, missing } = await run();
  if (missing) {
    console.log(`missing  ${name}: ${missing} (npm run setup installs it)`);
    if (process.env.CI) failures += 1;
  } else if (failure) {
    failures += 1;
    console.log(`failed   ${name}\n${failure.replace(/^/gm, '         ')}`);
  } else {
    console.log(`ok       ${name}`);
  }
}
process.exit(failures === 0 ? 0 : 1);
