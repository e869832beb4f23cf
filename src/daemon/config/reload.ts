// New settings while the daemon runs: built beside the old ones, and swapped only when every room accepts them.
import type { Announce } from '../base/events.js';
import { ConfigurationError, hashOf } from './config.js';
import type { Config } from './schema.js';

/** A room that can change its settings while it runs. */
export interface LiveRoom {
  /** Paths of the schema, as "log" or "gpu.check_one_in"; what lies below one belongs to it. */
  readonly settings: readonly string[];
  /**
   * Builds what the new settings need. Throws a ConfigurationError. What it returns puts them in force: it cannot fail, and
   * calls under way keep the settings that they began with.
   */
  readonly prepare: (next: Config) => () => void;
}

export interface ReloadOptions {
  /** In force since the start. */
  readonly config: Config;
  readonly file: string | undefined;
  readonly read: () => Config;
  readonly rooms: readonly LiveRoom[];
  readonly announce: Announce;
  /** New settings are in force. */
  readonly onAccepted: () => void;
}

export class Reload {
  readonly #options: ReloadOptions;
  #config: Config;
  #isAsked = false;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  get config(): Config {
    return this.#config;
  }

  /** Reads the settings again, soon. What is asked meanwhile is the same reload. */
  request(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    setImmediate(() => {
      this.#isAsked = false;
      this.#reload();
    });
  }

  #reload(): void {
    const { announce, file, onAccepted, read, rooms } = this.#options;
    try {
      const next = read();
      for (const commit of prepareAll(rooms, this.#config, next)) commit();
      this.#config = next;
      announce({ kind: 'configuration-accepted', hash: hashOf(next), file });
      onAccepted();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      announce({ kind: 'configuration-refused', problems: error.problems });
    }
  }
}

/** Everything that is wrong with the new settings is said at once. */
function prepareAll(rooms: readonly LiveRoom[], now: Config, next: Config): (() => void)[] {
  const live = rooms.flatMap(({ settings }) => settings);
  const fixed = changedPaths(now, next).filter(
    (path) => !live.some((room) => path === room || path.startsWith(`${room}.`)),
  );
  const problems = fixed.map((path) => `${path}: changes only with a restart`);
  const commits = rooms.map(({ prepare }) => {
    try {
      return prepare(next);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
      return () => undefined;
    }
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return commits;
}

/** Paths of the values that differ, in the order of the schema. */
export function changedPaths(now: unknown, next: unknown, path = ''): string[] {
  if (!isMap(now) || !isMap(next)) return JSON.stringify(now) === JSON.stringify(next) ? [] : [path];
  const keys = new Set([...Object.keys(now), ...Object.keys(next)]);
  return [...keys].flatMap((key) => changedPaths(now[key], next[key], path ? `${path}.${key}` : key));
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
