/** A run of whole pages. */
export interface Slice {
  readonly offset: number;
  readonly bytes: number;
}

export interface ArenaFigures {
  readonly bytes: number;
  readonly usedBytes: number;
  /** The system has pages for it; the rest was given back. */
  readonly heldBytes: number;
  readonly slices: number;
  /** Slices that were asked for and given, and those for which there was no room. */
  readonly given: number;
  readonly refused: number;
  /** 0: what is free lies in one piece. Near 1: in many small ones. */
  readonly fragmentation: number;
}

interface Range {
  offset: number;
  bytes: number;
}

/** Divides memory into slices. The lowest that fits is given, so that little of a large memory stays in use. */
export class Arena {
  readonly #bytes: number;
  readonly #pageBytes: number;
  /** By offset; never two that touch. */
  #free: Range[];
  /** Free, and without pages. */
  #empty: Range[] = [];
  /** Where the highest slice ended that was in use since takeReach(). */
  #reach: number;
  readonly #used = new Map<number, number>();
  #usedBytes = 0;
  #given = 0;
  #refused = 0;

  /** `begin`: what lies before it is not given. */
  constructor({ bytes, begin, pageBytes }: { bytes: number; begin: number; pageBytes: number }) {
    this.#bytes = bytes;
    this.#pageBytes = pageBytes;
    this.#free = [{ offset: begin, bytes: bytes - begin }];
    this.#reach = begin;
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
    this.#reach = Math.max(this.#reach, offset + bytes);
    if (this.#empty.length > 0) this.#empty = without(this.#empty, { offset, bytes });
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

  /** Where the highest slice ended that was in use since this was last asked for. */
  takeReach(): number {
    const reach = this.#reach;
    this.#reach = Math.max(0, ...[...this.#used].map(([offset, bytes]) => offset + bytes));
    return reach;
  }

  /** The highest free memory that has pages and lies behind `kept`; of it the last `bytesMax`. */
  spare(kept: number, bytesMax: number): Slice | undefined {
    const held = this.#empty.reduce((free: readonly Range[], gone) => without(free, gone), this.#free);
    const last = held.at(-1);
    if (last === undefined) return undefined;
    const end = last.offset + last.bytes;
    const offset = Math.max(last.offset, kept, end - bytesMax);
    return offset < end ? { offset, bytes: end - offset } : undefined;
  }

  /** What spare() named has no pages any more, until it is given out again. */
  emptied({ offset, bytes }: Slice): void {
    const behind = this.#empty.find((range) => range.offset === offset + bytes);
    if (behind) Object.assign(behind, { offset, bytes: bytes + behind.bytes });
    else this.#empty.push({ offset, bytes });
  }

  get figures(): ArenaFigures {
    const sizes = this.#free.map(({ bytes }) => bytes);
    const free = sum(this.#free);
    return {
      bytes: this.#bytes,
      usedBytes: this.#usedBytes,
      heldBytes: this.#bytes - sum(this.#empty),
      slices: this.#used.size,
      given: this.#given,
      refused: this.#refused,
      fragmentation: free === 0 ? 0 : 1 - Math.max(...sizes) / free,
    };
  }
}

const sum = (ranges: readonly Range[]): number => ranges.reduce((total, { bytes }) => total + bytes, 0);

/** What is left of ranges where another is cut out. */
function without(ranges: readonly Range[], { offset, bytes }: Range): Range[] {
  return ranges.flatMap((range) => {
    const before = { offset: range.offset, bytes: Math.min(range.bytes, offset - range.offset) };
    const begin = Math.max(range.offset, offset + bytes);
    const behind = { offset: begin, bytes: range.offset + range.bytes - begin };
    return [before, behind].filter((part) => part.bytes > 0);
  });
}
