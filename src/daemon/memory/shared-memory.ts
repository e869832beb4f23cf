/** Memory without a name, which another process maps by its descriptor. */
export interface SharedMemory {
  readonly buffer: ArrayBuffer;
  readonly descriptor: number;
  /** Gives whole pages back to the system; what is in them is lost. False: the system refused, and nothing happened. */
  discard(offset: number, bytes: number): boolean;
  /** Zeros again, written on another thread. No task may use it meanwhile. */
  clear(): Promise<void>;
  /** Empties every view of it at once. No task may use it any more. */
  close(): Promise<void>;
}
