// A program of its own that floods the daemon with heavy bulk calls until somebody kills it.
// Arguments: socket, number of calls. Prints a line once all of them were sent.
import { heavy, pricePath } from './pricing.js';
import { RawClient } from './raw-client.js';

const [socket, calls] = process.argv.slice(2);
const client = new RawClient(socket!);
const request = heavy();
const answers = Array.from({ length: Number(calls) }, () => client.call(pricePath, request, { deadlineMs: 60_000 }));
process.stdout.write('sent\n');
await Promise.all(answers);
