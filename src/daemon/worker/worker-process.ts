// One worker process, from its start to its end: what it says, what it was sent, and whom its death accuses. Knows nothing
// of other workers.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../base/clock.js';
import { DeviceFailure, type FailureKind } from '../devices/device.js';
import type { HostAddon, WorkerLink } from '../devices/host-addon.js';
import { Heartbeat } from './heartbeat.js';
import {
  FrameReader,
  FrameWriter,
  type DeviceReport,
  type DoneReport,
  type KernelReport,
  type TaskFrame,
  type WorkerFrame,
} from './protocol.js';
import { progressNsMax, tasksInFlightMax, tickNs, type LivedTime } from './rules.js';
import type { SharedArena } from './shared-arena.js';

export type Role = 'worker' | 'compile';
export type DeviceRole = 'cpu' | 'gpu';

export interface ProcessSettings {
  readonly addon: HostAddon;
  readonly clock: Clock;
  /** Of the supervisor, which advances it. */
  readonly lived: LivedTime;
  readonly executable: string;
  readonly role: Role;
  readonly device: DeviceRole;
  /** Its private folder, where it may write, and the store of binaries; empty: none. */
  readonly folders: { readonly work: string; readonly store: string };
  /** All that it sees of an environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** A compile process gets none. */
  readonly arena: SharedArena | undefined;
}

/** starting → ready → dying → ended; any of them may be skipped. */
export type ProcessState = 'starting' | 'ready' | 'dying' | 'ended';

export type Answer = { readonly done: DoneReport; readonly wallNs: number } | { readonly failure: DeviceFailure };

interface InFlight {
  readonly token: number;
  readonly limitNs: number;
  readonly sentNs: number;
  readonly answer: (answer: Answer) => void;
}

/** The lines of the one that watches it. Each is called on a turn of its own, or within kill(). */
export interface ProcessWatcher {
  onReady(): void;
  /** It was sent a task, whose deadline has to be looked at. */
  onTask(): void;
  /** It serves no more; the memory it was given may still be written to. */
  onDying(): void;
  /** The process is gone, and its memory is free. */
  onEnded(): void;
}

const writer = new FrameWriter();

/** Its socket was closed, which comes before the system says how it ended. */
const unexplained = 'ended unexpectedly';

export class WorkerProcess {
  state: ProcessState = 'starting';
  /** Why it is dying or ended. */
  cause = '';
  /** It said that there is no device, or no sandbox. */
  isHopeless = false;
  report: DeviceReport | undefined;
  readonly kernels: KernelReport[] = [];
  /** Tasks that it was executing, and that waited in it, when it died. */
  accused = 0;
  lost = 0;
  readonly #settings: ProcessSettings;
  readonly #watcher: ProcessWatcher;
  readonly #link: WorkerLink;
  readonly #child: ChildProcess;
  readonly #reader = new FrameReader();
  readonly #beat: number;
  readonly #tasks: InFlight[] = [];
  readonly #whenEnded: (() => void)[] = [];
  #saidHello = false;
  #blamesHead = false;
  #answered = 0;
  #nextToken = 1;
  /** Lived time of the last progress: of the start, then of the head of the queue. */
  #progressNs: number;
  #lastDoneNs = 0;
  readonly #heartbeat: Heartbeat;

  constructor(settings: ProcessSettings, watcher: ProcessWatcher) {
    const { addon, arena, clock, device, environment, executable, folders, lived, role } = settings;
    this.#settings = settings;
    this.#watcher = watcher;
    this.#progressNs = lived.advance(clock.nowNs());
    this.#link = addon.openWorkerLink(this.#reader.received, (count) => this.#onBytes(count));
    this.#heartbeat = new Heartbeat(clock, () => this.#send(writer.ping()));
    this.#beat = arena?.takeBeat() ?? 0;
    try {
      this.#child = spawn(executable, [role, device, folders.work], {
        argv0: 'acceld',
        cwd: folders.work,
        env: environment,
        stdio: ['ignore', 'ignore', 'ignore', this.#link.remote],
      });
    } catch (error) {
      // The system gives no descriptors or no process.
      this.#link.close();
      arena?.giveBeat(this.#beat);
      throw error;
    }
    this.#link.closeRemote();
    // A turn later: its last answers may still wait in the socket.
    this.#child.once('exit', (code, signal) => later(() => this.#onExit(code, signal)));
    this.#child.once('error', (error: NodeJS.ErrnoException) => this.#onSpawnError(error));
    this.#send(writer.hello(this.#beat, folders));
    if (!arena) return;
    this.#send(writer.attach(arena.memory, arena.bytes.length), arena.descriptor);
    this.#link.watch(arena.noticeOf(this.#beat));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get tasksInFlight(): number {
    return this.#tasks.length;
  }

  /** The place of a kernel that is ready, or -1. */
  kernelIndex(name: string): number {
    return this.kernels.findIndex((kernel) => kernel.state === 'ready' && kernel.name === name);
  }

  /** Sends a task; `answer` comes exactly once, on a later turn. `limitNs`: it may take so long once those before it are done. */
  submit(task: Omit<TaskFrame, 'token'>, limitNs: number, answer: (answer: Answer) => void): void {
    const { clock, lived } = this.#settings;
    const token = this.#nextToken;
    this.#nextToken += 1;
    const isTaken = this.state === 'ready' && this.#tasks.length < tasksInFlightMax;
    if (!isTaken) return later(() => answer({ failure: new DeviceFailure('lost', this.cause || 'too much waits') }));
    const sentNs = clock.nowNs();
    if (this.#tasks.length === 0) this.#progressNs = lived.advance(sentNs);
    this.#tasks.push({ token, limitNs, sentNs, answer });
    this.#send(writer.task({ ...task, token }));
    this.#watcher.onTask();
  }

  /** Ends it if it was stopped or made no progress for too long, and asks an idle one whether it lives. */
  check(livedNs: number): void {
    const isAtWork = this.state === 'starting' || this.state === 'ready';
    if (isAtWork && this.#settings.addon.isStopped(this.pid)) return this.kill('was stopped by a signal');
    const waitedNs = livedNs - this.#progressNs;
    const [head] = this.#tasks;
    if (this.state === 'starting' && waitedNs > progressNsMax) this.kill(`made no progress for ${seconds(waitedNs)} s`);
    else if (this.state === 'ready' && head && waitedNs > head.limitNs) this.kill(`hung for ${seconds(waitedNs)} s`);
    if (this.state !== 'ready' || head) return;
    const silence = this.#heartbeat.check(livedNs);
    if (silence !== undefined) this.kill(silence);
  }

  /** Nanoseconds until check() has to be called again; undefined: nothing has a deadline. */
  get checkInNs(): number | undefined {
    if (this.state === 'starting') return tickNs;
    if (this.state !== 'ready') return undefined;
    return this.#tasks.length > 0 ? tickNs : this.#heartbeat.checkInNs;
  }

  kill(cause: string): void {
    if (this.state === 'ended') return;
    this.#child.kill('SIGKILL');
    this.#die(cause);
  }

  /** Lets it end by itself, after what it is doing: nobody waits for anything any more. */
  dismiss(): void {
    this.#die('dismissed');
  }

  /** Calls at once if it has ended. */
  whenEnded(act: () => void): void {
    if (this.state === 'ended') act();
    else this.#whenEnded.push(act);
  }

  #send(bytes: number, descriptor = -1): void {
    if (this.#link.send(writer.bytes, bytes, descriptor)) return;
    // A worker that does not read 64 small frames is of no use. The last words of one that is gone are read first.
    later(() => later(() => this.kill('does not read its socket')));
  }

  #onBytes(count: number): void {
    if (this.state === 'dying' || this.state === 'ended') return;
    if (count === 0) return this.kill(unexplained);
    try {
      this.#reader.read(count, (frame) => this.#onFrame(frame));
    } catch (error) {
      this.#breakOff((error as Error).message);
    }
  }

  /** What was said wrong was said during the task that is answered next, whatever was begun meanwhile. */
  #breakOff(what: string): void {
    this.#blamesHead = true;
    this.kill(`broke the protocol: ${what}`);
  }

  #onFrame(frame: WorkerFrame): void {
    const isExpected = this.state === 'starting' ? this.#onStarting(frame) : this.#onServing(frame);
    if (!isExpected && this.state !== 'dying') this.#breakOff(`${frame.kind} out of turn`);
  }

  /** hello, device, each kernel, ready. False: out of turn. */
  #onStarting(frame: WorkerFrame): boolean {
    this.#progressNs = this.#settings.lived.advance(this.#settings.clock.nowNs());
    switch (frame.kind) {
      case 'hello': {
        const isFirst = !this.#saidHello;
        this.#saidHello = true;
        return isFirst;
      }
      case 'device':
        if (!this.#saidHello || this.report) return false;
        this.report = frame;
        return true;
      case 'kernel':
        if (!this.report || this.kernels.length === this.report.kernels) return false;
        this.kernels.push(frame);
        return true;
      case 'ready':
        if (this.kernels.length !== this.report?.kernels) return false;
        this.state = 'ready';
        this.#watcher.onReady();
        return true;
      default:
        return this.#onLastWords(frame);
    }
  }

  #onServing(frame: WorkerFrame): boolean {
    if (frame.kind === 'pong') return this.#heartbeat.answered();
    if (frame.kind !== 'done') return this.#onLastWords(frame);
    const head = this.#tasks[0];
    if (head === undefined || head.token !== frame.token) return false;
    this.#tasks.shift();
    this.#answered += 1;
    const nowNs = this.#settings.clock.nowNs();
    this.#progressNs = this.#settings.lived.advance(nowNs);
    const wallNs = nowNs - Math.max(head.sentNs, this.#lastDoneNs);
    this.#lastDoneNs = nowNs;
    const isSticky = frame.fault === 'sticky';
    const cause = `failed for good: ${frame.reason}`;
    if (isSticky) {
      this.accused += 1;
      this.kill(cause);
    }
    head.answer(isSticky ? { failure: new DeviceFailure('died', cause) } : { done: frame, wallNs });
    return true;
  }

  #onLastWords(frame: WorkerFrame): boolean {
    if (frame.kind === 'failed') {
      this.isHopeless = true;
      this.kill(frame.reason);
      return true;
    }
    if (frame.kind !== 'dying') return false;
    this.kill(`died of signal ${frame.signal}`);
    return true;
  }

  #onExit(code: number | null, signal: string | null): void {
    const how = signal ? `died of ${signal}` : `ended with exit code ${code}`;
    this.#die(how);
    if (this.cause === unexplained) this.cause = how;
    this.#end();
  }

  #onSpawnError(error: NodeJS.ErrnoException): void {
    // Also said of a signal that could not be sent.
    if (this.#child.pid !== undefined) return;
    this.#die(`does not start: ${error.code}`);
    this.#end();
  }

  #die(cause: string): void {
    if (this.state === 'dying' || this.state === 'ended') return;
    this.state = 'dying';
    this.cause = cause;
    this.#link.close();
    const tasks = this.#tasks.splice(0);
    const { arena } = this.#settings;
    // The count of a worker is only believed as far as there are tasks.
    const begun = arena ? arena.tasksBegun(this.#beat) - this.#answered : 0;
    const executing = Math.min(begun, tasks.length, this.#blamesHead ? 1 : Infinity) - 1;
    if (executing >= 0) this.accused += 1;
    this.lost = tasks.length - (executing >= 0 ? 1 : 0);
    // First the watcher, so that those who lose their tasks find the standby in its place.
    this.#watcher.onDying();
    tasks.forEach(({ answer }, index) => {
      const kind: FailureKind = index === executing ? 'died' : 'lost';
      later(() => answer({ failure: new DeviceFailure(kind, cause) }));
    });
  }

  #end(): void {
    this.state = 'ended';
    this.#link.unwatch();
    this.#settings.arena?.giveBeat(this.#beat);
    for (const act of this.#whenEnded.splice(0)) act();
    this.#watcher.onEnded();
  }
}

const later = (act: () => void): void => void setImmediate(act);
const seconds = (ns: number): string => (ns / 1e9).toFixed(2);
