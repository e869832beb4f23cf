// The past on disk: one SQLite file, written by one thread and bounded in age and size. Knows no clock and announces nothing.
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSyncInstance } from '@photostructure/sqlite';
import { createPrivate } from './history-file.js';
import { encodeLatencies, percentile } from './latency.js';
import type { Minute } from './minute.js';
import type { KeptEvent } from './kept-events.js';

export interface StoreSettings {
  readonly path: string;
  readonly days: number;
  readonly bytesMax: number;
}

/** What is written at once, or not at all. */
export interface Batch {
  readonly events: readonly KeptEvent[];
  readonly minutes: readonly Minute[];
}

const version = 1;

/** Times are milliseconds since the Unix epoch. Rows of a minute add up: a daemon that began in its middle has its own. */
const tables = `
CREATE TABLE events (at INTEGER NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE calls (at INTEGER NOT NULL, operation TEXT NOT NULL, device TEXT NOT NULL, priority TEXT NOT NULL,
  outcome TEXT NOT NULL, calls INTEGER NOT NULL, rows INTEGER NOT NULL, total_ns REAL NOT NULL, queue_ns REAL NOT NULL,
  device_ns REAL NOT NULL, p50_seconds REAL NOT NULL, p99_seconds REAL NOT NULL, latencies TEXT NOT NULL);
CREATE TABLE callers (at INTEGER NOT NULL, caller TEXT NOT NULL, calls INTEGER NOT NULL, device_ns REAL NOT NULL);
CREATE TABLE rungs (at INTEGER NOT NULL, rung TEXT NOT NULL, seconds REAL NOT NULL);
CREATE TABLE readings (at INTEGER NOT NULL, name TEXT NOT NULL, low REAL NOT NULL, mean REAL NOT NULL, high REAL NOT NULL);
CREATE INDEX events_at ON events (at);
CREATE INDEX calls_at ON calls (at);
CREATE INDEX callers_at ON callers (at);
CREATE INDEX rungs_at ON rungs (at);
CREATE INDEX readings_at ON readings (at);
PRAGMA user_version = ${version};`;

const tableNames = ['events', 'calls', 'callers', 'rungs', 'readings'] as const;

const inserts = {
  events: 'INSERT INTO events VALUES (?, ?, ?)',
  calls: 'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  callers: 'INSERT INTO callers VALUES (?, ?, ?, ?)',
  rungs: 'INSERT INTO rungs VALUES (?, ?, ?)',
  readings: 'INSERT INTO readings VALUES (?, ?, ?, ?, ?)',
} as const;

const pageBytes = 4096;
/** The log of pages that are not in the file yet: 1 MiB, so that bytes beside the file stay few. */
const walPages = 256;
const cacheKibibytes = 1024;
/** Another program that reads the file may hold it for a moment. */
const busyMsMax = 1000;
/** From this share of the largest size on, the oldest rows go until the lower share is reached. */
const fullShare = 0.9;
const emptiedShare = 0.8;
const dayMs = 86_400_000;

export class HistoryStore {
  readonly database: InstanceType<typeof DatabaseSync>;
  readonly #settings: StoreSettings;
  readonly #statements: Readonly<Record<keyof typeof inserts, StatementSyncInstance>>;

  /** Throws where the file cannot be opened, is no database, or is broken. */
  constructor(settings: StoreSettings) {
    this.#settings = settings;
    createPrivate(settings.path);
    this.database = new DatabaseSync(settings.path);
    try {
      this.#prepare();
      const prepare = (name: keyof typeof inserts) => this.database.prepare(inserts[name]);
      this.#statements = {
        events: prepare('events'),
        calls: prepare('calls'),
        callers: prepare('callers'),
        rungs: prepare('rungs'),
        readings: prepare('readings'),
      };
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#pragma('page_count') * pageBytes;
  }

  write({ events, minutes }: Batch): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      for (const { atMs, kind, facts } of events) this.#statements.events.run(atMs, kind, facts);
      for (const minute of minutes) this.#writeMinute(minute);
      this.database.exec('COMMIT');
    } catch (error) {
      // A full disk has rolled it back already.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Forgets what is too old, and the oldest of what is too much. */
  prune(nowMs: number): void {
    this.#forgetBefore(nowMs - this.#settings.days * dayMs);
    if (this.#used <= fullShare) return;
    while (this.#used > emptiedShare) {
      const { oldest, newest } = this.#span();
      if (oldest === null) return;
      // A tenth of the time; of a moment all.
      this.#forgetBefore(oldest + Math.ceil((newest - oldest + 1) / 10));
    }
  }

  close(): void {
    try {
      // Statements that nobody finalised keep SQLite from doing so itself.
      this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.database.close();
    }
  }

  #prepare(): void {
    const { database } = this;
    const pages = Math.floor(this.#settings.bytesMax / pageBytes);
    database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA busy_timeout = ${busyMsMax}; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${walPages};
      PRAGMA journal_size_limit = ${walPages * pageBytes}; PRAGMA cache_size = -${cacheKibibytes};
      PRAGMA max_page_count = ${pages};`);
    const check = Object.values(database.prepare('PRAGMA quick_check(1)').get() as object)[0] as string;
    if (check !== 'ok') throw new BrokenHistory(check);
    const found = this.#pragma('user_version');
    if (found > version) throw new BrokenHistory(`it is of a newer acceld (version ${found})`);
    if (found === 0) database.exec(`BEGIN; ${tables} COMMIT;`);
  }

  #writeMinute({ beginMs, calls, callers, rungs, readings }: Minute): void {
    const statements = this.#statements;
    for (const row of calls) {
      const { operation, device, priority, outcome, calls: count, rows, totalNs, queueNs, deviceNs, latencies } = row;
      const shares = [percentile(latencies, 0.5), percentile(latencies, 0.99)] as const;
      const sums = [count, rows, totalNs, queueNs, deviceNs, ...shares, encodeLatencies(latencies)] as const;
      statements.calls.run(beginMs, operation, device, priority, outcome, ...sums);
    }
    for (const { name, calls: count, deviceNs } of callers) statements.callers.run(beginMs, name, count, deviceNs);
    for (const { rung, seconds } of rungs) statements.rungs.run(beginMs, rung, seconds);
    for (const { name, low, mean, high } of readings) statements.readings.run(beginMs, name, low, mean, high);
  }

  /** Share of the largest size that holds rows. */
  get #used(): number {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    return (pages * pageBytes) / this.#settings.bytesMax;
  }

  #span(): { oldest: number | null; newest: number } {
    const each = tableNames.map((name) => `SELECT min(at) AS low, max(at) AS high FROM ${name}`).join(' UNION ALL ');
    return this.database.prepare(`SELECT min(low) AS oldest, max(high) AS newest FROM (${each})`).get() as never;
  }

  #forgetBefore(atMs: number): void {
    for (const name of tableNames) this.database.prepare(`DELETE FROM ${name} WHERE at < ?`).run(atMs);
  }

  #pragma(name: string): number {
    return Object.values(this.database.prepare(`PRAGMA ${name}`).get() as object)[0] as number;
  }
}

/** The file is a database, and not one that can be used. */
export class BrokenHistory extends Error {
  override readonly name = 'BrokenHistory';
}

const corrupt = 11;
const full = 13;
const noDatabase = 26;

const codeOf = (error: unknown): number | undefined => (error as { errcode?: number }).errcode;

/** The disk has no room, or the database has its largest size. */
export const isFull = (error: unknown): boolean => codeOf(error) === full;

/** The file itself is at fault: no other try will help. */
export function isBroken(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof BrokenHistory || code === corrupt || code === noDatabase;
}

/** Makes room for a new file. The broken one stays beside it, in place of an older broken one. */
export function setAside(path: string): string {
  const aside = `${path}.broken`;
  renameSync(path, aside);
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
  return aside;
}
