import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Guard } from '../base/plan.js';
import type { SharedMemory } from '../memory/shared-memory.js';

export type { SharedMemory };

/** The type of one element of a kernel's column. */
export type Element = 'f64' | 'f32' | 'u8' | 'u32';

/** A kernel of the addon. Its place in `HostAddon.kernels` is its id. */
export interface HostKernel {
  /** Name and precision, as "price-options-f64". */
  readonly name: string;
  /** SHA-256 of the kernel sources, first 16 hexadecimal digits. */
  readonly digest: string;
  /** Size of the parameter block in bytes. */
  readonly paramsBytes: number;
  /** Size of each element that may follow the parameter block, at most 2^20 of them. 0: none may. */
  readonly paramsStepBytes: number;
  readonly inputs: readonly Element[];
  readonly outputs: readonly Element[];
}

/** Some output is not finite. */
export const flagNotFinite = 1;

/** A value was outside the guard's domain; the number of the block of rows that it was in stands above the shift. */
export const flagOutOfDomain = 2;
export const guardBlockShift = 8;
export const guardBlockRows = 2048;

/**
 * A guard; with copies, the kernel runs in another process. The rows of the task are taken to copies of the inputs, which
 * are judged, and copies of the outputs are cleared; or the outputs are taken back from their copies. Copies are of the
 * inputs, then of the outputs (null: not wanted), and hold the task's rows, or one value for all.
 */
export interface HostGuard extends Guard {
  readonly copiesThere?: readonly (Uint8Array | null)[];
  readonly copiesBack?: readonly (Uint8Array | null)[];
}

/** Called on the event loop for each finished task: its token, the flags and the device time in nanoseconds. */
export type TaskDone = (token: number, flags: number, computeNs: number) => void;

/** Native threads of one operating-system priority. */
export interface HostPool {
  readonly threads: number;
  /** Threads whose priority or place the system refused. 0 is what one wants. */
  readonly threadsNotLowered: number;
  /**
   * Queues rows [begin, end) of a kernel; `token` comes back in `done`. Views are kept alive until then.
   * Throws TypeError or RangeError for a view of the wrong size, before anything runs.
   */
  submit(
    token: number,
    kernel: number,
    params: Uint8Array,
    inputs: readonly ArrayBufferView[],
    outputs: readonly (ArrayBufferView | null)[],
    begin: number,
    end: number,
    guard?: HostGuard,
  ): void;
  /** Ends the threads after the task each one is in; tasks not begun are dropped. Blocks until they ended. */
  close(): void;
}

export interface PoolOptions {
  readonly name: string;
  readonly threads: number;
  /** 0: as other threads; on macOS QoS class USER_INITIATED. Above: that niceness on Linux, QoS class UTILITY on macOS. */
  readonly niceness: number;
  /** Only where nobody else wants to run: SCHED_IDLE on Linux, QoS class BACKGROUND on macOS. */
  readonly background?: boolean | undefined;
  /** Numbers of the processors that they may use, on Linux. Unset: any. */
  readonly cpus?: readonly number[] | undefined;
}

/** Peer of a Unix socket. pid 0: in another pid namespace. */
export interface PeerCredentials {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

/** The daemon's end of the socket to a worker. */
export interface WorkerLink {
  /** The descriptor that the worker inherits. */
  readonly remote: number;
  /** Once the worker has its own copy, so that its end ends the socket. */
  closeRemote(): void;
  /**
   * Sends the first `bytes` of a frame, with a descriptor or -1. Never waits. False: the worker takes nothing now, or is
   * gone; part of a frame may have been sent, so the link is of no use any more.
   */
  send(frame: Uint8Array, bytes: number, descriptor: number): boolean;
  /** Where a worker's system gives notice of its end, `onBytes` is told 0 then, not when its memory is gone. */
  watch(word: Uint8Array): void;
  /** Once the process is gone. */
  unwatch(): void;
  close(): void;
}

/** The addon `host`: CPU kernels, thread pools and the few system calls that Node lacks. */
export interface HostAddon {
  /** As package.json; "+test" appended in builds with test hooks. */
  readonly version: string;
  /** Instruction set in use: "x86-64", "x86-64-v3", "x86-64-v4" or "neon". */
  readonly instructionSet: string;
  /** Every instruction set in this build that this machine can run, the best last. */
  readonly instructionSets: readonly string[];
  /** Processor name as the system gives it. */
  readonly cpuName: string;
  readonly kernels: readonly HostKernel[];
  /** Runs rows [begin, end) on the calling thread and returns the flags. An input of one element holds for every row. */
  run(
    kernel: number,
    params: Uint8Array,
    inputs: readonly ArrayBufferView[],
    outputs: readonly (ArrayBufferView | null)[],
    begin: number,
    end: number,
    guard?: Guard,
  ): number;
  openPool(options: PoolOptions, done: TaskDone): HostPool;
  /** Zeros, every page of them allocated; rounded up to whole pages. Rejects where the system gives no more. */
  createMemory(bytes: number): Promise<SharedMemory>;
  /** Sends bytes and a descriptor over a connected Unix socket without waiting. False: the socket does not take them now. */
  sendDescriptor(socket: number, descriptor: number, bytes: Uint8Array): boolean;
  /**
   * A private socket to a worker that is not started yet. What comes from it is written to the begin of `received`, and
   * `onBytes` told how much; 0: its other end is closed. Descriptors that a worker sends are dropped.
   */
  openWorkerLink(received: Uint8Array, onBytes: (count: number) => void): WorkerLink;
  /** Credentials of the peer of a connected Unix socket, null where the system has none. */
  peerCredentials(fd: number): PeerCredentials | null;
  /** Takes an exclusive advisory lock on a file, created 0600 without following links. False: another process holds it. Held until the process ends. */
  lockFile(path: string): boolean;
  /** Descriptors of the listening sockets that launchd holds for this process under a name; it hands them over once. */
  activateSocket(name: string): readonly number[];
  /** Where a listening Unix stream socket is bound; null: the descriptor is none, or has no path. No child inherits it. */
  listenerPath(descriptor: number): string | null;
  /** Level of macOS's thermal pressure, 0 nominal to 4 sleeping. null: the system publishes none. */
  thermalPressure(): number | null;
  /** `level`: 1 normal, 2 warning, 4 critical. null: the system publishes none. */
  memoryPressure(): { readonly level: number; readonly availableShare: number } | null;
  /** Whether a signal stopped a child of this process, and none let it go on. False of anything else. */
  isStopped(pid: number): boolean;
  /** The errno that launchd has for a socket that no plist names. ESRCH: it did not start this process. ENOENT: it did. */
  launchdRefusal(): number;
  /** Why power and utilisation (IOReport) cannot be read; empty: they can. */
  powerReportsObjection(): string;
  /** Logical processors of each kind, the fastest first. Empty: the system does not tell, or tells it in files. */
  performanceLevels(): readonly number[];
  /** No core dumps, no ptrace or memory reads by other processes of this user. Returns what the system refused. */
  harden(): readonly string[];
}

/** Loads the addon from its fixed place in the package, or from `path`. */
export function loadHostAddon(
  path = fileURLToPath(new URL('../../../build/Release/host.node', import.meta.url)),
): HostAddon {
  return createRequire(import.meta.url)(path) as HostAddon;
}
