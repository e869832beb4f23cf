// A job whose columns lie in regions, on a worker. The worker never sees a region: pool threads take some rows after the
// other to memory of its own, judge them there, where no caller can change them, and take the results back.
import type { Plan, Rows } from '../base/plan.js';
import type { Load, LoadResult, Outcome, Task } from '../devices/device.js';
import { flagNotFinite, flagOutOfDomain, guardBlockRows, type HostGuard } from '../devices/host-addon.js';
import { rowsOutOfDomain } from '../devices/pools.js';
import { allocateOutputs } from '../devices/result-memory.js';
import { ArenaColumns, rowBytesOf } from './arena-columns.js';
import type { Moves } from './moves.js';
import { Sampling } from './sampling.js';
import { kernelIn, outcomeOf, type LoadSettings } from './worker-load.js';

/** The four tasks that a device has at most take half of its memory together: messages find room beside them. */
const shareOfArena = 8;

export interface RegionLoadSettings extends LoadSettings {
  readonly moves: Moves;
  /** Whether some rows of this job are to be looked at again. */
  readonly takesSample: () => boolean;
  /** The kernel's id in the addon. */
  readonly hostKernel: number;
}

/** A task as far as it was computed. */
interface Course {
  readonly task: Task;
  readonly done: (outcome: Outcome) => void;
  computeNs: number;
  notFinite: boolean;
}

export class RegionLoad implements Load {
  readonly #settings: RegionLoadSettings;
  readonly #plan: Plan;
  readonly #kernel: number;
  readonly #result: ReturnType<typeof allocateOutputs>;
  readonly #rowBytes: { readonly there: number; readonly back: number };
  readonly #pieceRows: number;
  readonly #sampling: Sampling | undefined;
  #outOfDomain: Rows | undefined;
  #copiedBytes = 0;

  constructor(plan: Plan, settings: RegionLoadSettings) {
    const { arena, process, shape } = settings;
    this.#settings = settings;
    this.#plan = plan;
    this.#kernel = kernelIn(process, plan);
    this.#result = allocateOutputs(plan);
    const { inputs, outputs } = rowBytesOf(plan, shape);
    this.#rowBytes = { there: sum(inputs), back: sum(outputs) };
    const rowBytes = sum(inputs) + sum(outputs);
    if (settings.takesSample()) this.#sampling = new Sampling(plan, rowBytes, Math.random());
    const fitting = arena.bytes.length / shareOfArena / rowBytes;
    this.#pieceRows = Math.max(1, Math.floor(fitting / guardBlockRows)) * guardBlockRows;
  }

  run(task: Task, done: (outcome: Outcome) => void): void {
    this.#goOn({ task, done, computeNs: 0, notFinite: false }, task.begin);
  }

  result(): LoadResult {
    const sample = this.#sampling?.sample;
    return { ...this.#result, outOfDomain: this.#outOfDomain, copiedBytes: this.#copiedBytes, sample };
  }

  /** Its memory goes with each piece. */
  release(): void {}

  /** The next piece of a task, as much as there is memory for. Throws DeviceFailure where there is none. */
  #goOn(course: Course, begin: number): void {
    const { moves, process } = this.#settings;
    const end = Math.min(course.task.end, begin + this.#pieceRows);
    const piece: Task = { ...course.task, begin, end, units: (end - begin) * this.#plan.rowUnits };
    const columns = new ArenaColumns(this.#plan, { ...this.#settings, rows: end - begin });
    moves.run('there', this.#move(piece, { copiesThere: copiesIn(columns) }), (flags) => {
      this.#copiedBytes += (end - begin) * this.#rowBytes.there;
      if ((flags & flagOutOfDomain) === 0) return this.#compute(course, piece, columns);
      this.#outOfDomain ??= rowsOutOfDomain(piece, flags);
      columns.free(process);
      this.#finish(course, undefined);
    });
  }

  #compute(course: Course, piece: Task, columns: ArenaColumns): void {
    const { limitNs, moves, process } = this.#settings;
    const { params, inputs, outputs } = columns;
    const rows = piece.end - piece.begin;
    const frame = { kernel: this.#kernel, params, rows, begin: 0, end: rows, inputs, outputs };
    const takeResults = this.#sampling?.take(piece, columns);
    process.submit(frame, limitNs(piece), (answer) => {
      const { computeNs, failure } = outcomeOf(answer, piece, this.#settings);
      course.computeNs += computeNs;
      if ('done' in answer) this.#copiedBytes += answer.done.copiedBytes;
      if (failure) {
        columns.free(process);
        return this.#finish(course, failure);
      }
      takeResults?.();
      moves.run('back', this.#move(piece, { copiesBack: copiesIn(columns) }), (flags) => {
        this.#copiedBytes += rows * this.#rowBytes.back;
        columns.free(process);
        course.notFinite ||= (flags & flagNotFinite) !== 0;
        this.#continue(course, piece.end);
      });
    });
  }

  #continue(course: Course, begin: number): void {
    if (begin === course.task.end) return this.#finish(course, undefined);
    try {
      this.#goOn(course, begin);
    } catch (error) {
      this.#finish(course, error as Outcome['failure']);
    }
  }

  #finish({ computeNs, notFinite, done }: Course, failure: Outcome['failure']): void {
    done({ computeNs, notFinite, failure });
  }

  #move({ begin, end, bulk }: Task, copies: Partial<HostGuard>) {
    const { params, inputs, guard } = this.#plan;
    const { outputs } = this.#result;
    const kernel = this.#settings.hostKernel;
    return { kernel, params, inputs, outputs, begin, end, bulk, guard: { ...guard!, ...copies } };
  }
}

/** As HostGuard wants them. */
const copiesIn = (columns: ArenaColumns): (Uint8Array | null)[] =>
  [...columns.inputs, ...columns.outputs].map((place) => place && columns.view(place));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
