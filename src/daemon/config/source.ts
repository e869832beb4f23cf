// Where a daemon's settings come from: its file, flags and environment, and the copy of the file that was accepted last.
import { acceptedCopyOf, keepAccepted } from './accepted-copy.js';
import { ConfigurationError, parseConfig, readText, type Override } from './config.js';
import { daemonTrusts } from './file.js';
import type { Config } from './schema.js';

export interface SourceOptions {
  readonly file: string | undefined;
  readonly overrides: readonly Override[];
  /** Start with the copy of the file that was accepted last when the file is bad; undefined: refuse to start. */
  readonly stateFolder: string | undefined;
}

export interface Start {
  readonly config: Config;
  /** What is wrong with the file; empty: nothing, and it is in force. */
  readonly problems: readonly string[];
}

export class Source {
  readonly file: string | undefined;
  readonly #overrides: readonly Override[];
  readonly #copy: string | undefined;
  #text = '';
  #keeping: Promise<void> = Promise.resolve();

  constructor({ file, overrides, stateFolder }: SourceOptions) {
    this.file = file;
    this.#overrides = overrides;
    this.#copy = file !== undefined && stateFolder !== undefined ? acceptedCopyOf(file, stateFolder) : undefined;
  }

  /** Throws a ConfigurationError with every problem. */
  read(): Config {
    const { file } = this;
    this.#text = file === undefined ? '' : readText(file, daemonTrusts);
    return parseConfig(this.#text, { file, overrides: this.#overrides });
  }

  /** As read(), or the copy where that is wished. */
  start(): Start {
    try {
      return { config: this.read(), problems: [] };
    } catch (error) {
      if (!(error instanceof ConfigurationError) || this.#copy === undefined) throw error;
      const config = this.#fromCopy(this.#copy, error);
      return { config, problems: error.problems };
    }
  }

  /** Keeps what was read last, now that the daemon runs by it. Rejects with what the file system says. */
  keep(): Promise<void> {
    const copy = this.#copy;
    const text = this.#text;
    if (copy === undefined) return Promise.resolve();
    const kept = this.#keeping.then(() => keepAccepted(copy, text));
    this.#keeping = kept.catch(() => undefined);
    return kept;
  }

  /** Nothing is being written any more. */
  close(): Promise<void> {
    return this.#keeping;
  }

  #fromCopy(copy: string, { problems }: ConfigurationError): Config {
    try {
      return parseConfig(readText(copy, daemonTrusts), { file: copy, overrides: this.#overrides });
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new ConfigurationError([...problems, ...error.problems]);
    }
  }
}
