// Keeps a device served: starts its workers, has each qualified before it serves, ends those that hang, and puts the
// standby in the place of one that died. Decides nothing about jobs, and never waits for a worker.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlimited, type Allowance } from '../base/allowance.js';
import type { Clock } from '../base/clock.js';
import type { Announce } from '../base/events.js';
import type { HostAddon } from '../devices/host-addon.js';
import { afterEnd, isDown, LivedTime, noStarts, tickNs, workersWanted, worthyNs, type Starts } from './rules.js';
import type { SharedArena } from './shared-arena.js';
import { WorkerProcess, type DeviceRole, type Role } from './worker-process.js';

export interface SupervisorSettings {
  readonly addon: HostAddon;
  readonly clock: Clock;
  readonly announce: Announce;
  readonly executable: string;
  readonly device: DeviceRole;
  /** Private to this user: the store of binaries, and the folders of the workers. */
  readonly folder: string;
  readonly arena: SharedArena;
  readonly useStandby: boolean;
  /** Resolves once a worker may be trusted; rejects where it may not. */
  readonly qualify: (worker: WorkerProcess) => Promise<void>;
  /** For tests: what a worker that starts now sees beside the daemon's own list. */
  readonly environment?: () => Readonly<Record<string, string>>;
}

interface Member {
  readonly process: WorkerProcess;
  readonly role: Role;
  readonly work: string;
  readonly startedNs: number;
  qualifiedNs: number | undefined;
  finishedJobs: boolean;
  /** It was let go, which says nothing about its device. */
  isDismissed: boolean;
  /** Since when it should be gone; undefined once that was said. */
  dyingNs: number | undefined;
}

/** A process that was killed was gone within 0.1 s, at a load of 6 on two cores as well. */
const endNsMax = 5_000_000_000;

/** It starts, or is not trusted yet. */
const isComing = ({ process, qualifiedNs }: Member): boolean =>
  process.state === 'starting' || (process.state === 'ready' && qualifiedNs === undefined);

/** The end of a compile process that did what it could. */
const finished = 'ended with exit code 0';

/** Two paths below it fit into a frame. */
const folderBytesMax = 1024;

/** After a last word to its workers, before they are killed. */
const closeMsMax = 500;

export class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #lived = new LivedTime();
  /** Those that have not ended. */
  readonly #members = new Set<Member>();
  #serving: Member | undefined;
  #starts: Starts = noStarts;
  /** Kernels that a compile process could not make, or has made, since binaries were last found missing. */
  #hasCompiled = false;
  /** Binaries are missing, and policy lets no compile begin: until it does, another worker would find nothing else. */
  #isCompileHeld = false;
  #allowance = unlimited;
  #reason = 'its first worker starts';
  #isDownAnnounced = false;
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;
  #whenClosed: (() => void) | undefined;

  constructor(settings: SupervisorSettings) {
    this.#settings = settings;
    if (Buffer.byteLength(settings.folder) > folderBytesMax) throw new Error(`a path too long: ${settings.folder}`);
    mkdirSync(join(settings.folder, 'store'), { recursive: true, mode: 0o700 });
    this.step();
  }

  /** The worker that takes jobs now. */
  get serving(): WorkerProcess | undefined {
    return this.#serving?.process;
  }

  /** Why there is none. */
  get reason(): string {
    return this.#reason;
  }

  /** How many workers exist, the standby and those that do not end included. */
  get workers(): number {
    return this.#members.size;
  }

  /** A worker finished a job. Its first says that the device works, whatever happened before; later ones say nothing new. */
  didWork(process: WorkerProcess): void {
    for (const member of this.#members) {
      if (member.process !== process || member.finishedJobs) continue;
      member.finishedJobs = true;
      this.#starts = noStarts;
    }
  }

  /** No standby while pools shrink, and no compile begins while nothing may load. What serves goes on. */
  obey(allowance: Allowance): void {
    this.#allowance = allowance;
    if (allowance.shrinkPools && this.#serving) for (const member of this.#members) this.#letGo(member);
    if (allowance.mayLoad && this.#isCompileHeld) this.#compile();
    this.step();
  }

  #letGo(member: Member): void {
    if (member === this.#serving || member.role === 'compile' || member.process.state === 'dying') return;
    member.isDismissed = true;
    member.process.dismiss();
  }

  /** Looks at everything that has a deadline. Called by its own timer; by tests, after they moved the clock. */
  step(): void {
    const nowNs = this.#settings.clock.nowNs();
    const livedNs = this.#lived.advance(nowNs);
    for (const member of this.#members) {
      member.process.check(livedNs);
      this.#complain(member, nowNs);
    }
    if (!this.#whenClosed && this.#isRoom && nowNs >= this.#starts.notBeforeNs) this.#start('worker');
    this.#arm();
  }

  /** Ends every worker. The arena stays its owner's. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.#whenClosed = resolve));
    for (const { process } of this.#members) process.dismiss();
    const end = setTimeout(() => {
      for (const { process } of this.#members) process.kill('did not end by itself');
    }, closeMsMax);
    if (this.#members.size === 0) this.#whenClosed?.();
    await closed;
    clearTimeout(end);
    clearTimeout(this.#timer);
  }

  /** One after the other: the result of a start says whether the next is worth it. */
  #start(role: Role): void {
    const { clock } = this.#settings;
    // Binaries are made whoever starts meanwhile, but once.
    const isInTheWay = (member: Member): boolean => (role === 'compile' ? member.role === role : isComing(member));
    if ([...this.#members].some(isInTheWay)) return;
    try {
      this.#members.add(this.#spawn(role));
    } catch (error) {
      // No descriptors, no process or no room on the disk: as good as a worker that died at once.
      this.#reason = `its worker does not start: ${(error as Error).message}`;
      this.#starts = afterEnd(this.#starts, { nowNs: clock.nowNs(), didWork: false, isHopeless: false });
    }
  }

  #spawn(role: Role): Member {
    const { addon, clock, device, environment, executable, folder } = this.#settings;
    const work = mkdtempSync(join(folder, `${role}-`));
    const startedNs = clock.nowNs();
    const watcher = {
      onReady: () => this.#onReady(member),
      onTask: () => {
        if (!this.#isTicking) this.#arm();
      },
      onDying: () => this.#onDying(member),
      onEnded: () => this.#onEnded(member),
    };
    const process = new WorkerProcess(
      {
        addon,
        clock,
        lived: this.#lived,
        executable,
        role,
        device,
        folders: { work, store: join(folder, 'store') },
        environment: { ...ownEnvironment(work), ...environment?.() },
        arena: role === 'worker' ? this.#settings.arena : undefined,
      },
      watcher,
    );
    const member: Member = {
      process,
      role,
      work,
      startedNs,
      qualifiedNs: undefined,
      finishedJobs: false,
      isDismissed: false,
      dyingNs: undefined,
    };
    return member;
  }

  /** A process that waits for a driver cannot even be killed: its memory, and its place, stay taken. */
  #complain(member: Member, nowNs: number): void {
    if (member.process.state !== 'dying' || member.dyingNs === undefined || nowNs - member.dyingNs < endNsMax) return;
    member.dyingNs = undefined;
    const { announce, device } = this.#settings;
    announce({ kind: 'warning', text: `the ${device} worker ${member.process.pid} cannot be killed` });
  }

  #onReady(member: Member): void {
    const { announce, clock, device } = this.#settings;
    const { process, role, startedNs } = member;
    if (role === 'compile') return this.#reportCompile(process);
    const startMs = Math.round((clock.nowNs() - startedNs) / 1e6);
    announce({ kind: 'worker-started', device, pid: process.pid, startMs });
    const isMissing = process.kernels.some(({ state }) => state === 'missing');
    if (isMissing && !this.#hasCompiled) return process.kill('its store lacks binaries');
    if (process.kernels.every(({ state }) => state !== 'ready')) {
      process.isHopeless = true;
      return process.kill(`no kernel is ready: ${process.kernels[0]?.reason ?? 'it has none'}`);
    }
    // Outside of the frame that said so: a qualification begins with a task.
    setImmediate(() => void this.#qualify(member));
  }

  #reportCompile({ kernels }: WorkerProcess): void {
    const { announce, device } = this.#settings;
    for (const { name, reason, state } of kernels) {
      if (state !== 'ready') announce({ kind: 'warning', text: `the ${device} has no kernel ${name}: ${reason}` });
    }
  }

  async #qualify(member: Member): Promise<void> {
    const { announce, clock, device, qualify } = this.#settings;
    const { process } = member;
    try {
      await qualify(process);
    } catch (error) {
      // Of a worker that died meanwhile, whose cause is known.
      if (process.state === 'ready') process.kill(`failed its qualification: ${(error as Error).message}`);
      return;
    }
    if (process.state !== 'ready') return;
    member.qualifiedNs = clock.nowNs();
    const kernels = process.kernels.filter(({ state }) => state === 'ready').length;
    announce({ kind: 'worker-qualified', device, pid: process.pid, kernels });
    this.#isDownAnnounced = false;
    this.#serving ??= member;
    this.step();
  }

  /** The standby takes over before anybody hears of the death. */
  #onDying(member: Member): void {
    member.dyingNs = this.#settings.clock.nowNs();
    if (this.#serving !== member) return;
    const isFit = ({ process, qualifiedNs }: Member): boolean => qualifiedNs !== undefined && process.state === 'ready';
    this.#serving = [...this.#members].find(isFit);
    this.#reason = `its worker ${member.process.cause}`;
  }

  #onEnded(member: Member): void {
    this.#members.delete(member);
    // What a driver left there is worth nothing. A failure leaves a folder, no more.
    void rm(member.work, { recursive: true, force: true }).catch(() => undefined);
    if (this.#whenClosed) {
      if (this.#members.size === 0) this.#whenClosed();
      return;
    }
    if (member.role === 'compile') this.#onCompileEnded(member.process);
    else if (this.#isMissingBinaries(member)) this.#compile();
    else if (!member.isDismissed) this.#judge(member);
    this.step();
  }

  /** A compiler takes every core for a while. */
  #compile(): void {
    const { mayLoad, rung } = this.#allowance;
    this.#isCompileHeld = !mayLoad;
    if (mayLoad) return this.#start('compile');
    const { announce, device } = this.#settings;
    this.#reason = `its kernels wait to be compiled: at ${rung} policy lets no compile begin`;
    announce({ kind: 'compile-held', device, rung });
  }

  /** Whatever became of it: the next worker serves what the store has. */
  #onCompileEnded({ cause }: WorkerProcess): void {
    const { announce, device } = this.#settings;
    this.#hasCompiled = true;
    if (cause !== finished) announce({ kind: 'warning', text: `the compile process of the ${device} ${cause}` });
  }

  /** What the end of a worker says about its device. */
  #judge({ finishedJobs, process, qualifiedNs }: Member): void {
    const { announce, clock, device } = this.#settings;
    const { accused, cause, isHopeless, lost, pid } = process;
    const nowNs = clock.nowNs();
    const didWork = finishedJobs || (qualifiedNs !== undefined && nowNs - qualifiedNs >= worthyNs);
    this.#starts = afterEnd(this.#starts, { nowNs, didWork, isHopeless });
    // A driver that was replaced makes other binaries.
    if (isHopeless) this.#hasCompiled = false;
    else announce({ kind: 'worker-died', device, pid, cause, accused, lost });
    this.#reason = isDown(this.#starts) ? `down: ${cause}` : `its worker ${cause}, and starts again`;
    if (!isDown(this.#starts) || this.#serving || this.#isDownAnnounced) return;
    this.#isDownAnnounced = true;
    announce({ kind: 'worker-down', device, reason: cause });
  }

  #isMissingBinaries({ process }: Member): boolean {
    return !this.#hasCompiled && process.kernels.some(({ state }) => state === 'missing');
  }

  get #isRoom(): boolean {
    if (this.#isCompileHeld) return false;
    const useStandby = this.#settings.useStandby && !this.#allowance.shrinkPools;
    return this.#members.size < workersWanted(this.#starts, { useStandby, isServed: this.#serving !== undefined });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#whenClosed) return;
    const { clock } = this.#settings;
    const waits = [...this.#members].map(({ dyingNs, process }) =>
      dyingNs === undefined ? process.checkInNs : tickNs,
    );
    if (this.#isRoom) waits.push(Math.max(0, this.#starts.notBeforeNs - clock.nowNs()));
    const waitNs = Math.min(...waits.filter((wait) => wait !== undefined));
    this.#isTicking = waitNs <= tickNs;
    if (waitNs === Infinity) return;
    this.#timer = setTimeout(() => this.step(), Math.ceil(waitNs / 1e6));
    // A device that is tried again keeps no process alive.
    this.#timer.unref();
  }
}

/** Private, in an empty folder; a compiler finds its linker. One variant of a kernel, whatever it is run on. */
const ownEnvironment = (work: string): Record<string, string> => ({
  HOME: work,
  TMPDIR: work,
  PATH: '/usr/bin:/bin',
  POCL_CACHE_DIR: work,
  POCL_WORK_GROUP_SPECIALIZATION: '0',
});
