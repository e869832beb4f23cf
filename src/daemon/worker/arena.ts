/** A run of whole pages. */
export interface Slice {
  readonly offset: number;
  readonly bytes: number;
}

export interface ArenaFigures {
  readonly bytes: number;
  readonly usedBytes: number;
  readonly slices: number;
  /** Slices that were asked for and given, and those for which there was no room. */
  readonly given: number;
  readonly refused: number;
  /** 0: what is free lies in one piece. Near 1: in many small ones. */
  readonly fragmentation: number;
}

/** Divides memory into slices. The lowest that fits is given, so that little of a large memory stays in use. */
export class Arena {
  readonly #bytes: number;
  readonly #pageBytes: number;
  /** By offset; never two that touch. */
  #free: { offset: number; bytes: number }[];
  readonly #used = new Map<number, number>();
  #usedBytes = 0;
  #given = 0;
  #refused = 0;

  /** `begin`: what lies before it is not given. */
  constructor({ bytes, begin, pageBytes }: { bytes: number; begin: number; pageBytes: number }) {
    this.#bytes = bytes;
    this.#pageBytes = pageBytes;
    this.#free = [{ offset: begin, bytes: bytes - begin }];
  }

  /** Undefined: there is no room for it. */
  allocate(wanted: number): Slice | undefined {
    const bytes = Math.max(1, Math.ceil(wanted / this.#pageBytes)) * this.#pageBytes;
    const index = this.#free.findIndex((range) => range.bytes >= bytes);
    const range = this.#free[index];
    if (range === undefined) {
      this.#refused += 1;
      return undefined;
    }
    const { offset } = range;
    range.offset += bytes;
    range.bytes -= bytes;
    if (range.bytes === 0) this.#free.splice(index, 1);
    this.#used.set(offset, bytes);
    this.#usedBytes += bytes;
    this.#given += 1;
    return { offset, bytes };
  }

  free({ offset, bytes }: Slice): void {
    if (this.#used.get(offset) !== bytes) throw new Error(`no slice of ${bytes} bytes at ${offset} is in use`);
    this.#used.delete(offset);
    this.#usedBytes -= bytes;
    const index = this.#free.findIndex((range) => range.offset > offset);
    const at = index < 0 ? this.#free.length : index;
    const [before, after] = [this.#free[at - 1], this.#free[at]];
    const joinsBefore = before !== undefined && before.offset + before.bytes === offset;
    const joinsAfter = after !== undefined && offset + bytes === after.offset;
    if (joinsBefore) {
      before.bytes += bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) this.#free.splice(at, 1);
    } else if (joinsAfter) {
      after.offset = offset;
      after.bytes += bytes;
    } else {
      this.#free.splice(at, 0, { offset, bytes });
    }
  }

  get figures(): ArenaFigures {
    const sizes = this.#free.map(({ bytes }) => bytes);
    const free = sizes.reduce((sum, bytes) => sum + bytes, 0);
    return {
      bytes: this.#bytes,
      usedBytes: this.#usedBytes,
      slices: this.#used.size,
      given: this.#given,
      refused: this.#refused,
      fragmentation: free === 0 ? 0 : 1 - Math.max(...sizes) / free,
    };
  }
}
