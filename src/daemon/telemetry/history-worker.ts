// The thread of history: every wait for the disk is here, and never on the event loop. Writes what it is sent and says what
// became of it; decides nothing.
import { parentPort, workerData } from 'node:worker_threads';
import type { ReadHistoryRequest, ReadHistoryResponse } from '../../gen/acceld/v1/admin_service.js';
import { readHistory } from './history-read.js';
import { HistoryStore, isBroken, isFull, setAside, type Batch, type StoreSettings } from './history-store.js';

export type ToWorker =
  | { readonly kind: 'write'; readonly batch: Batch; readonly nowMs: number }
  | { readonly kind: 'read'; readonly id: number; readonly request: ReadHistoryRequest }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'set-aside'; readonly reason: string; readonly aside: string }
  | { readonly kind: 'read'; readonly id: number; readonly response: ReadHistoryResponse }
  | { readonly kind: 'read-failed'; readonly id: number; readonly reason: string };

const settings = workerData as StoreSettings;
const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);
let store: HistoryStore | undefined;
let prunedMs = 0;

/** A delete of a minute's rows is cheap, and its time is not the event loop's. */
const pruneEveryMs = 60_000;

port.on('message', (message: ToWorker) => {
  if (message.kind === 'write') write(message.batch, message.nowMs);
  else if (message.kind === 'read') read(message.id, message.request);
  else close();
});

function close(): void {
  try {
    store?.close();
  } catch {
    // A disk that is full: what was written stays in the log beside the file.
  }
  port.close();
}

function write(batch: Batch, nowMs: number): void {
  attempt(
    (open) => {
      // Before the rows: a database at its largest size has no room for them.
      if (nowMs - prunedMs >= pruneEveryMs) {
        open.prune(nowMs);
        prunedMs = nowMs;
      }
      writeOrPrune(open, batch, nowMs);
      say({ kind: 'written', bytes: open.bytes });
    },
    (reason) => say({ kind: 'failed', reason }),
  );
}

/** A burst may fill the largest size before the next look at it. */
function writeOrPrune(open: HistoryStore, batch: Batch, nowMs: number): void {
  try {
    open.write(batch);
  } catch (error) {
    if (!isFull(error)) throw error;
    open.prune(nowMs);
    open.write(batch);
  }
}

function read(id: number, request: ReadHistoryRequest): void {
  attempt(
    (open) => say({ kind: 'read', id, response: readHistory(open, request) }),
    (reason) => say({ kind: 'read-failed', id, reason }),
  );
}

/** A file that is broken is set aside, once for each attempt, and a new one begun. */
function attempt(work: (open: HistoryStore) => void, failed: (reason: string) => void): void {
  try {
    try {
      work((store ??= new HistoryStore(settings)));
    } catch (error) {
      if (!isBroken(error)) throw error;
      store?.close();
      store = undefined;
      const aside = setAside(settings.path);
      say({ kind: 'set-aside', reason: (error as Error).message, aside });
      work((store = new HistoryStore(settings)));
    }
  } catch (error) {
    failed((error as Error).message);
  }
}
