// npm run pack:client: assembles build/client, the client as a package of its own, and packs it there.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'build/client');
const { version, license, engines, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const needed = ['@bufbuild/protobuf', '@grpc/grpc-js'];
const manifest = {
  name: 'acceld-client',
  version,
  description: 'Client of acceld: pure JavaScript, no addon, no install script.',
  license,
  type: 'module',
  engines,
  exports: { types: './dist/client/index.d.ts', default: './dist/client/index.js' },
  files: ['dist'],
  dependencies: Object.fromEntries(needed.map((name) => [name, dependencies[name]])),
};

const readme = `# acceld-client

Talks to acceld, the daemon that lends one machine's accelerators to many programs. Pure JavaScript for Node ${engines.node}.

\`\`\`js
import { connect, OptionModel, OptionType, OptionValue } from 'acceld-client';

const client = connect(); // or { socket: '/path/to/acceld.sock' }
const { price, receipt } = await client.pricing.priceOptions({
  model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
  values: [OptionValue.OPTION_VALUE_PRICE],
  type: OptionType.OPTION_TYPE_CALL, // one value holds for every row
  spot: 100,
  strike: Float64Array.of(90, 100, 110),
  rate: 0.05,
  volatility: 0.2,
  yearsToExpiry: 0.5,
});
client.close();
\`\`\`

Every promise rejects with a \`Fault\`: its \`code\`, its \`violations\` by field and row, and whether it is \`retryable\`.
Float32Array columns ask for single precision. Batches of any length are cut, sent in parallel and joined.
`;

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const folder of ['client', 'gen']) {
  cpSync(join(root, 'dist', folder), join(target, 'dist', folder), {
    recursive: true,
    // A source map would point to sources that the package does not hold.
    filter: (path) => !path.endsWith('.map'),
  });
}
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(target, 'README.md'), readme);
console.log(join(target, execFileSync('npm', ['pack', '--silent'], { cwd: target, encoding: 'utf8' }).trim()));
