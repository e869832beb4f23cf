// A device in a process of its own. What the scheduler sees of it is a device like any other, that may be down.
import { Device as DeviceKind } from '../../gen/acceld/v1/execution.js';
import { unlimited, type Allowance } from '../base/allowance.js';
import type { Plan, Result } from '../base/plan.js';
import {
  DeviceFailure,
  type Device,
  type DeviceInfo,
  type DeviceState,
  type Load,
  type Task,
} from '../devices/device.js';
import type { HostKernel } from '../devices/host-addon.js';
import type { Pools } from '../devices/pools.js';
import { resultOf, type Candidate } from '../devices/qualification.js';
import { UnitCosts } from '../devices/unit-costs.js';
import type { ArenaFigures } from './arena.js';
import { Moves } from './moves.js';
import { RegionLoad, type RegionLoadSettings } from './region-load.js';
import { qualificationTaskNs, taskLimitNs } from './rules.js';
import { SharedArena } from './shared-arena.js';
import { Supervisor, type SupervisorSettings } from './supervisor.js';
import { WorkerLoad } from './worker-load.js';
import type { WorkerProcess } from './worker-process.js';

export interface WorkerDeviceSettings extends Omit<SupervisorSettings, 'arena' | 'qualify'> {
  /** Memory for the columns of all jobs that are on the device at once. */
  readonly arenaBytes: number;
  /** Their threads move the columns of regions. */
  readonly pools: Pools;
  /** Whether some rows of a job in regions, which begins now, are to be looked at again. */
  readonly takesSample: () => boolean;
  /** Resolves with the kernels of the candidate that may be trusted, one at least. */
  readonly qualify: (candidate: Candidate) => Promise<readonly string[]>;
}

/** One runs and one is there when it ends. */
const tasksMax = 2;

const kinds = { cpu: DeviceKind.DEVICE_CPU, gpu: DeviceKind.DEVICE_GPU } as const;

/** At most a few milliseconds for a command buffer, each of which costs a GPU some 50 us. */
const chunkNsOf = { cpu: 1_000_000, gpu: 2_000_000 } as const;

/** Before the first measurement: two hops of the socket, and the launch of a kernel. */
const firstOverheadNs = 100_000;
const learningRate = 0.1;

export class WorkerDevice implements Device {
  readonly parallel = 1;
  readonly tasksMax = tasksMax;
  readonly chunkNs: number;
  readonly inlineNs = 0;
  readonly #settings: WorkerDeviceSettings;
  /** By name: what a kernel's columns are, and its id in the addon. */
  readonly #shapes: ReadonlyMap<string, { readonly shape: HostKernel; readonly hostKernel: number }>;
  readonly #moves: Moves;
  readonly #costs = new UnitCosts();
  /** From begin() on. */
  #opened: { readonly arena: SharedArena; readonly supervisor: Supervisor } | undefined;
  #opening: Promise<void> | undefined;
  #info: DeviceInfo;
  #overheadNs = firstOverheadNs;
  #sandboxLacks = '';
  #allowance = unlimited;

  /** Down until begin(). */
  constructor(settings: WorkerDeviceSettings) {
    const { addon, device } = settings;
    this.#settings = settings;
    this.#shapes = new Map(addon.kernels.map((shape, hostKernel) => [shape.name, { shape, hostKernel }]));
    this.#moves = new Moves(settings.pools);
    this.chunkNs = chunkNsOf[device];
    this.#info = { kind: kinds[device], engine: '', name: '', variant: '', threads: 0, kernels: [] };
  }

  static async open(settings: WorkerDeviceSettings): Promise<WorkerDevice> {
    const device = new WorkerDevice(settings);
    await device.begin();
    return device;
  }

  /** Takes the memory, and starts the first worker. */
  begin(): Promise<void> {
    this.#opening ??= this.#begin(this.#settings);
    return this.#opening;
  }

  async #begin(settings: WorkerDeviceSettings): Promise<void> {
    const { addon, arenaBytes, device, qualify } = settings;
    const arena = await SharedArena.open(addon, arenaBytes);
    const supervisor = new Supervisor({
      ...settings,
      arena,
      qualify: async (process) => {
        const info = infoOf(kinds[device], process);
        this.#noteSandbox(process.report!.sandboxLacks, settings);
        const trusted = await qualify({ info, run: (plan) => this.#runAlone(process, plan) });
        this.#info = { ...info, kernels: info.kernels.filter(({ name }) => trusted.includes(name)) };
      },
    });
    supervisor.obey(this.#allowance);
    arena.shrink(this.#allowance.shrinkPools);
    this.#opened = { arena, supervisor };
  }

  get info(): DeviceInfo {
    return this.#info;
  }

  get state(): DeviceState {
    if (this.#opened?.supervisor.serving) return { up: true, reason: '' };
    return { up: false, reason: this.#opened?.supervisor.reason ?? 'it is not started yet' };
  }

  get moveRowNs(): number {
    return this.#moves.rowNs;
  }

  get overheadNs(): number {
    return this.#overheadNs;
  }

  /** Undefined: not taken yet. */
  get memory(): ArenaFigures | undefined {
    return this.#opened?.arena.figures;
  }

  /** What this system does not have for the sandbox of a worker; empty: nothing lacks, or none has started yet. */
  get sandboxLacks(): string {
    return this.#sandboxLacks;
  }

  /** The standby included. */
  get workers(): number {
    return this.#opened?.supervisor.workers ?? 0;
  }

  /** Looks at every deadline. It has a timer of its own: for the first start, and for tests that move the clock. */
  step(): void {
    this.#opened?.supervisor.step();
  }

  /** What policy lets its processes do, from begin() on. */
  obey(allowance: Allowance): void {
    this.#allowance = allowance;
    this.#opened?.supervisor.obey(allowance);
    this.#opened?.arena.shrink(allowance.shrinkPools);
  }

  unitNs(kernel: string): number {
    return this.#costs.unitNs(kernel);
  }

  load(plan: Plan): Load {
    const process = this.#opened?.supervisor.serving;
    if (!process) throw new DeviceFailure('lost', this.state.reason);
    const settings = {
      ...this.#loadSettings(process, plan),
      limitNs: ({ units }: Task) => taskLimitNs(units * this.unitNs(plan.kernel)),
      measured: (task: Task, computeNs: number, wallNs: number) =>
        this.#measured(process, plan, { task, computeNs, wallNs }),
    };
    return plan.guard ? new RegionLoad(plan, settings) : new WorkerLoad(plan, settings);
  }

  /** A kernel that is not trusted any more gets no further job. */
  withdraw(kernel: string): void {
    this.#info = { ...this.#info, kernels: this.#info.kernels.filter(({ name }) => name !== kernel) };
  }

  async close(): Promise<void> {
    // Whoever began it was told why it failed.
    await this.#opening?.catch(() => undefined);
    await this.#opened?.supervisor.close();
    await this.#moves.idle();
    await this.#opened?.arena.close();
  }

  #noteSandbox(lacks: string, { announce, device }: WorkerDeviceSettings): void {
    if (lacks !== '' && lacks !== this.#sandboxLacks) {
      announce({
        kind: 'warning',
        text: `the ${device} worker runs without a full sandbox: this system lacks ${lacks}`,
      });
    }
    this.#sandboxLacks = lacks;
  }

  #loadSettings(process: WorkerProcess, { kernel }: Plan): Omit<RegionLoadSettings, 'limitNs' | 'measured'> {
    const known = this.#shapes.get(kernel);
    if (!known) throw new Error(`there is no kernel ${kernel}`);
    const { takesSample } = this.#settings;
    return { process, arena: this.#opened!.arena, moves: this.#moves, takesSample, ...known };
  }

  #measured(process: WorkerProcess, { kernel }: Plan, of: { task: Task; computeNs: number; wallNs: number }): void {
    this.#opened?.supervisor.didWork(process);
    this.#costs.learn(kernel, of.task.units, of.computeNs);
    this.#overheadNs += learningRate * (of.wallNs - of.computeNs - this.#overheadNs);
  }

  /** All rows at once, on a worker that serves nobody yet. */
  #runAlone(process: WorkerProcess, plan: Plan): Promise<Result> {
    const measured = ({ units }: Task, computeNs: number): void => this.#costs.learn(plan.kernel, units, computeNs);
    const settings = { limitNs: () => qualificationTaskNs, measured };
    const load = new WorkerLoad(plan, { ...this.#loadSettings(process, plan), ...settings });
    return resultOf(load, plan, plan.rows * plan.rowUnits);
  }
}

function infoOf(kind: DeviceKind, { kernels, report }: WorkerProcess): DeviceInfo {
  const ready = kernels.filter(({ state }) => state === 'ready').map(({ name, digest }) => ({ name, digest }));
  const { engine, name, variant } = report!;
  return { kind, engine, name, variant, threads: 1, kernels: ready };
}
