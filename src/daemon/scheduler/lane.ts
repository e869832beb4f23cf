import { Priority } from '../../gen/acceld/v1/execution.js';
import type { LaneState } from '../base/allowance.js';
import type { Work } from './work.js';

/** A queue of one priority, the earliest deadline first; jobs of one deadline in order of arrival. */
export class Lane {
  readonly #works: Work[] = [];
  /** Jobs with a chunk given to a device that are not answered yet. */
  running = 0;
  /** What becomes of its jobs, as policy has it. */
  state: LaneState = 'open';

  constructor(
    readonly priority: Priority,
    /** Its work runs at lowered operating-system priority. */
    readonly bulk: boolean,
  ) {}

  /** Its work runs only where nothing else does. */
  get background(): boolean {
    return this.priority === Priority.PRIORITY_BACKGROUND;
  }

  get queued(): number {
    return this.#works.length;
  }

  /** The first of those that a device has a place for. */
  first(fits: (work: Work) => boolean): Work | undefined {
    return this.#works.find(fits);
  }

  /** Those that wait and may not: all of a closed lane, and of one that sheds all that have not begun. */
  unwanted(): readonly Work[] {
    if (this.state === 'closed') return [...this.#works];
    return this.state === 'shed' ? this.#works.filter(({ dispatched }) => dispatched === 0) : [];
  }

  push(work: Work): void {
    this.#works.splice(this.#place(work), 0, work);
  }

  remove(work: Work): void {
    const index = this.#works.indexOf(work);
    if (index >= 0) this.#works.splice(index, 1);
  }

  /** Behind every job that goes before it. One that comes back from a device that failed has its old place. */
  #place(work: Work): number {
    let low = 0;
    let high = this.#works.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (goesBefore(this.#works[middle]!, work)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const goesBefore = (one: Work, other: Work): boolean =>
  one.deadlineNs === other.deadlineNs ? one.arrivedNs <= other.arrivedNs : one.deadlineNs < other.deadlineNs;
