// Sends the parts of a batch a few at a time. The first part that fails ends the others and the whole call.
import type { WireMessage } from './columns.js';
import { withCallersRows, type Batch } from './cut.js';
import type { Fault } from './fault.js';
import { Joined } from './join.js';
import type { Method } from './types.js';

/** Enough to keep the daemon busy while the client encodes and decodes; more only holds memory and quota. */
export const messagesInFlightMax = 4;

type Send = (message: WireMessage, signal: AbortSignal) => Promise<Readonly<Record<string, unknown>>>;

interface BatchCall {
  readonly method: Method;
  readonly batch: Batch;
  readonly signal: AbortSignal | undefined;
  readonly send: Send;
}

export async function sendBatch({
  method,
  batch,
  signal,
  send,
}: BatchCall): Promise<Readonly<Record<string, unknown>>> {
  const joined = new Joined(method, batch.rows);
  const failing = new AbortController();
  const cancel = () => failing.abort(signal?.reason);
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  let next = 0;
  let failure: Fault | undefined;
  const sendRest = async () => {
    while (next < batch.parts.length && failure === undefined) {
      const part = batch.parts[next++]!;
      try {
        joined.add(part, await send(part.message, failing.signal));
      } catch (error) {
        // The later ones were cancelled because of the first.
        failure ??= withCallersRows(error as Fault, part, batch.cutFields);
        failing.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: messagesInFlightMax }, sendRest));
  signal?.removeEventListener('abort', cancel);
  if (failure !== undefined) throw failure;
  return joined.reply();
}
