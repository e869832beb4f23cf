// Runs the daemon with the addon build that has test hooks. Production code has no way to choose it.
import { fileURLToPath } from 'node:url';
import { main } from '../../dist/daemon/main.js';

await main(process.argv.slice(2), fileURLToPath(new URL('../../build/Release/host_test.node', import.meta.url)));
