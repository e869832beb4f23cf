import { arenaIdleMs, arenaKeptBytes, arenaPieceBytes } from '../base/limits.js';
import type { HostAddon, SharedMemory } from '../devices/host-addon.js';
import { Arena, type ArenaFigures, type Slice } from './arena.js';

/** Pages of Apple silicon; every other system's divide it. */
const pageBytes = 16 * 1024;
/** Two words of different workers share no cache line. */
const beatBytes = 64;

/** The memory that a device's workers share with the daemon, one after the other. */
export class SharedArena {
  /** The number under which each worker knows it. */
  readonly memory = 0;
  readonly bytes: Uint8Array;
  readonly #memory: SharedMemory;
  readonly #arena: Arena;
  readonly #beats: Int32Array;
  readonly #freeBeats: number[];
  readonly #idleMs: number;
  #idle: NodeJS.Timeout | undefined;
  #isShrunk = false;
  #isGivingBack = false;
  #isClosed = false;

  private constructor(memory: SharedMemory, idleMs: number) {
    this.#memory = memory;
    this.#idleMs = idleMs;
    this.bytes = new Uint8Array(memory.buffer);
    this.#arena = new Arena({ bytes: this.bytes.length, begin: pageBytes, pageBytes });
    this.#beats = new Int32Array(memory.buffer, 0, pageBytes / 4);
    this.#freeBeats = Array.from({ length: pageBytes / beatBytes }, (_, index) => index * beatBytes);
    this.#watch();
  }

  static async open(addon: HostAddon, bytes: number, idleMs = arenaIdleMs): Promise<SharedArena> {
    const pages = Math.max(2, Math.ceil(bytes / pageBytes));
    return new SharedArena(await addon.createMemory(pages * pageBytes), idleMs);
  }

  get descriptor(): number {
    return this.#memory.descriptor;
  }

  get figures(): ArenaFigures {
    return this.#arena.figures;
  }

  allocate(bytes: number): Slice | undefined {
    return this.#arena.allocate(bytes);
  }

  free(slice: Slice): void {
    this.#arena.free(slice);
    this.#watch();
  }

  /** Whether the machine is short of memory: then no page is kept that no job uses. */
  shrink(isShrunk: boolean): void {
    this.#isShrunk = isShrunk;
    if (isShrunk) this.#giveBack(0);
  }

  /** Looks again after a while, as long as more has pages than is kept anyway. */
  #watch(): void {
    if (this.#idle || this.#isClosed || this.#arena.spare(this.#keptBytes, pageBytes) === undefined) return;
    this.#idle = setTimeout(() => {
      this.#idle = undefined;
      this.#giveBack(Math.max(this.#keptBytes, this.#arena.takeReach()));
      this.#watch();
    }, this.#idleMs).unref();
  }

  get #keptBytes(): number {
    return this.#isShrunk ? 0 : arenaKeptBytes;
  }

  /** What is free behind `kept`, piece by piece: jobs come in between, and may take any of it. */
  #giveBack(kept: number): void {
    if (this.#isGivingBack) return;
    this.#isGivingBack = true;
    const next = (): void => {
      const piece = this.#isClosed ? undefined : this.#arena.spare(kept, arenaPieceBytes);
      this.#isGivingBack = piece !== undefined && this.#memory.discard(piece.offset, piece.bytes);
      if (!this.#isGivingBack) return;
      this.#arena.emptied(piece!);
      setImmediate(next);
    };
    next();
  }

  /** The offset of two words: in one a worker counts the tasks that it has begun, the other is the notice of its end. */
  takeBeat(): number {
    const beat = this.#freeBeats.pop();
    if (beat === undefined) throw new Error('more workers than beats');
    Atomics.store(this.#beats, beat / 4, 0);
    Atomics.store(this.#beats, beat / 4 + 1, 0);
    return beat;
  }

  /** Once its worker has ended: it can write no more. */
  giveBeat(beat: number): void {
    this.#freeBeats.push(beat);
  }

  tasksBegun(beat: number): number {
    return Atomics.load(this.#beats, beat / 4) >>> 0;
  }

  noticeOf(beat: number): Uint8Array {
    return this.bytes.subarray(beat + 4, beat + 8);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    return this.#memory.close();
  }
}
