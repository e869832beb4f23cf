// A program of its own that floods the daemon with slow bulk calls until somebody kills it.
// Arguments: socket, number of calls.
import { pricePath } from './pricing.js';
import { RawClient } from './raw-client.js';
import { slow } from './slow.js';

const [socket, calls] = process.argv.slice(2);
const client = new RawClient(socket!);
const request = slow();
const answers = Array.from({ length: Number(calls) }, () => client.call(pricePath, request, { deadlineMs: 60_000 }));
await Promise.all(answers);
