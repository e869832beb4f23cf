import { run } from './program.js';
import { processTerminal } from './terminal.js';

// A reader that closes the pipe early, as `head` does, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), processTerminal());
