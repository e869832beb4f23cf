// The daemon's side of history: collects events and minutes, hands them over once a second, and counts what cannot be kept.
// A disk that is slow, full or broken costs rows and nothing else.
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { ReadHistoryRequest, ReadHistoryResponse } from '../../gen/acceld/v1/admin_service.js';
import type { Clock } from '../base/clock.js';
import type { Announce, Event } from '../base/events.js';
import { Fault } from '../base/fault.js';
import type { HistoryReading } from './history-metrics.js';
import type { StoreSettings } from './history-store.js';
import type { FromWorker, ToWorker } from './history-worker.js';
import { factsOf, type KeptEvent } from './kept-events.js';
import type { Minute } from './minute.js';

export interface HistoryOptions {
  /** Undefined: nothing is kept. */
  readonly settings: StoreSettings | undefined;
  readonly clock: Clock;
  readonly announce: Announce;
  /** The program of the thread. Unset: beside this file; a loader of sources does not reach into threads. */
  readonly thread?: URL;
}

/** Events that wait while the disk does not take them: ten minutes of a bad day, and less than 10 MB. */
const eventsMax = 10_000;
/** The same for minutes: an hour of them. */
const minutesMax = 60;
/** Events of one kind in one second: a flood of refused connections must not push out everything else. */
const eventsOfKindMax = 20;
/** A thread that ended is not started again sooner. */
const restartNs = 60e9;
/** Reads at once: each is up to a second of the thread. */
const readsMax = 8;
const readMsMax = 10_000;
const closeMsMax = 2000;

/** The thread holds little: SQLite's memory is not V8's. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 };

interface Waiting {
  readonly done: (response: ReadHistoryResponse) => void;
  readonly fail: (fault: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

export class History {
  readonly #options: HistoryOptions;
  #settings: StoreSettings | undefined;
  #worker: Worker | undefined;
  /** Its thread ends for the sake of other settings, and the next begins. */
  #changing: Promise<void> | undefined;
  #startedNs = -Infinity;
  #events: KeptEvent[] = [];
  #minutes: Minute[] = [];
  /** What the thread has and did not answer for yet. */
  #sent: { readonly events: KeptEvent[]; readonly minutes: Minute[] } | undefined;
  readonly #ofKind = new Map<Event['kind'], number>();
  readonly #reads = new Map<number, Waiting>();
  #nextRead = 0;
  #isFailing = false;
  #written = 0;
  #dropped = 0;
  #bytes: number | undefined;
  #isClosed = false;

  /** Starts no thread yet: step() does. */
  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  get reading(): HistoryReading | undefined {
    if (!this.#settings) return undefined;
    return { up: !this.#isFailing, rowsWritten: this.#written, rowsDropped: this.#dropped, bytes: this.#bytes };
  }

  observe(event: Event): void {
    if (event.kind === 'call-finished' || !this.#settings) return;
    const facts = factsOf(event);
    if (facts === undefined) return;
    const count = (this.#ofKind.get(event.kind) ?? 0) + 1;
    this.#ofKind.set(event.kind, count);
    if (count > eventsOfKindMax) this.#dropped += 1;
    else this.#events.push({ atMs: this.#options.clock.wallMs(), kind: event.kind, facts });
    this.#bound();
  }

  add(minute: Minute): void {
    if (!this.#settings) return;
    this.#minutes.push(minute);
    this.#bound();
  }

  /** To be called every second, once the daemon serves. */
  step(): void {
    this.#ofKind.clear();
    if (this.#settings && !this.#worker && this.#options.clock.nowNs() - this.#startedNs >= restartNs) this.#start();
    this.#send();
  }

  /** What was there before is written where it belongs; what comes meanwhile waits for the new thread. */
  reconfigure(settings: StoreSettings | undefined): void {
    if (isDeepStrictEqual(settings, this.#settings)) return;
    this.#settings = settings;
    this.#startedNs = -Infinity;
    if (!this.#worker || this.#changing) return;
    this.#changing = this.#endThread(this.#worker).then(() => {
      this.#changing = undefined;
      this.step();
    });
  }

  /** Rejects with a Fault where nothing can be read. */
  read(request: ReadHistoryRequest): Promise<ReadHistoryResponse> {
    if (this.#changing) return this.#changing.then(() => this.read(request));
    if (!this.#settings) return Promise.reject(absent('history.enabled is false'));
    if (!this.#worker) return Promise.reject(absent('its thread does not run'));
    if (this.#reads.size >= readsMax) return Promise.reject(absent('too many reads at once'));
    const id = (this.#nextRead += 1);
    const untilMs = request.untilMs || this.#options.clock.wallMs();
    return new Promise((done, fail) => {
      const timer = setTimeout(() => this.#endRead(id)?.fail(absent('the disk does not answer')), readMsMax).unref();
      this.#reads.set(id, { done, fail, timer });
      this.#post({ kind: 'read', id, request: { ...request, untilMs } });
    });
  }

  /** Writes what waits, as far as the disk takes it in a moment. */
  async close(): Promise<void> {
    await this.#changing;
    this.#isClosed = true;
    if (this.#worker) await this.#endThread(this.#worker);
  }

  async #endThread(worker: Worker): Promise<void> {
    // The thread answers in order: what it has now is written before it ends.
    if (!this.#sent) this.#send();
    else if (this.#isClosed || !this.#settings) {
      this.#post({ kind: 'write', batch: this.#take(), nowMs: this.#options.clock.wallMs() });
    }
    const ended = new Promise<void>((done) => worker.once('exit', () => done()));
    this.#post({ kind: 'close' });
    const timer = setTimeout(() => void worker.terminate(), closeMsMax);
    await ended;
    clearTimeout(timer);
  }

  #start(): void {
    this.#startedNs = this.#options.clock.nowNs();
    const { thread = new URL('./history-worker.js', import.meta.url) } = this.#options;
    // Nothing of the environment: the thread has no use for it.
    const worker = new Worker(thread, { workerData: this.#settings, resourceLimits, env: {}, execArgv: [] });
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', (error) => this.#fail(error.message));
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#keepSent();
      for (const id of [...this.#reads.keys()]) this.#endRead(id)?.fail(absent('its thread has ended'));
      if (!this.#isClosed && !this.#changing) this.#fail('its thread has ended');
    });
    this.#worker = worker;
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'written':
        this.#written += (this.#sent?.events.length ?? 0) + (this.#sent?.minutes.length ?? 0);
        this.#sent = undefined;
        this.#bytes = message.bytes;
        if (this.#isFailing) this.#warn('the history is written again');
        this.#isFailing = false;
        return;
      case 'failed':
        this.#keepSent();
        this.#fail(message.reason);
        return;
      case 'set-aside':
        this.#warn(`the history was broken (${message.reason}); it is now ${message.aside}, and a new one begins`);
        return;
      case 'read':
        this.#endRead(message.id)?.done(message.response);
        return;
      case 'read-failed':
        this.#endRead(message.id)?.fail(absent(message.reason));
    }
  }

  #send(): void {
    if (!this.#worker || this.#sent || this.#events.length + this.#minutes.length === 0) return;
    this.#sent = this.#take();
    this.#post({ kind: 'write', batch: this.#sent, nowMs: this.#options.clock.wallMs() });
  }

  #take(): { readonly events: KeptEvent[]; readonly minutes: Minute[] } {
    const batch = { events: this.#events, minutes: this.#minutes };
    [this.#events, this.#minutes] = [[], []];
    return batch;
  }

  /** What was not written is tried again, before what came later. */
  #keepSent(): void {
    if (!this.#sent) return;
    this.#events = [...this.#sent.events, ...this.#events];
    this.#minutes = [...this.#sent.minutes, ...this.#minutes];
    this.#sent = undefined;
    this.#bound();
  }

  #bound(): void {
    const events = Math.max(0, this.#events.length - eventsMax);
    const minutes = Math.max(0, this.#minutes.length - minutesMax);
    if (events > 0) this.#events = this.#events.slice(events);
    if (minutes > 0) this.#minutes = this.#minutes.slice(minutes);
    this.#dropped += events + minutes;
  }

  /** Said once, however often it fails. */
  #fail(reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#warn(`the history cannot be written: ${reason}; everything else goes on`);
  }

  #warn(text: string): void {
    this.#options.announce({ kind: 'warning', text });
  }

  #endRead(id: number): Waiting | undefined {
    const waiting = this.#reads.get(id);
    this.#reads.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}

const absent = (reason: string): Fault => new Fault('HISTORY_ABSENT', `the history cannot be read: ${reason}`);
