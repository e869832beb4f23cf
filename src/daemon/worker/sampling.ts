// Copies of some rows of a job in regions, as the worker got and gave them: what was judged, and no caller can reach. Both
// sides of a later comparison come from there, so that a caller who writes to a region meanwhile accuses nobody.
import { noRoom, type Plan, type Rows } from '../base/plan.js';
import { sampleBytesMax } from '../base/limits.js';
import type { Sample } from '../devices/device.js';
import type { ArenaColumns } from './arena-columns.js';

export class Sampling {
  readonly #plan: Plan;
  readonly #rows: Rows;
  #sample: Sample | undefined;

  /** `rowBytes`: of a row's columns, there and back. `chance`: from 0 to below 1, where in the job the rows lie. */
  constructor(plan: Plan, rowBytes: number, chance: number) {
    const count = Math.min(plan.rows, Math.max(1, Math.floor(sampleBytesMax / rowBytes)));
    const begin = Math.floor(chance * (plan.rows - count + 1));
    this.#plan = plan;
    this.#rows = { begin, end: begin + count };
  }

  /** Undefined: the piece that has its first row was not computed. */
  get sample(): Sample | undefined {
    return this.#sample;
  }

  /** Before the worker has a piece: takes its inputs, and returns what takes the results. Undefined: not this piece. */
  take({ begin, end }: Rows, columns: ArenaColumns): (() => void) | undefined {
    if (this.#rows.begin < begin || this.#rows.begin >= end) return undefined;
    const first = this.#rows.begin - begin;
    const rows = Math.min(this.#rows.end, end) - this.#rows.begin;
    const pieceRows = end - begin;
    const inputs = columns.inputs.map((place) => {
      const bytes = columns.view(place);
      return place.stride === 0 ? new Uint8Array(bytes) : rowsOf(bytes, { first, rows, rowBytes: place.stride });
    });
    return () => {
      const outputs = columns.outputs.map(
        (place) => place && rowsOf(columns.view(place), { first, rows, rowBytes: place.bytes / pieceRows }),
      );
      this.#sample = { plan: this.#planOf(rows, inputs, outputs), outputs };
    };
  }

  /** Without a guard: the numbers themselves are compared, before they become codes and masks. */
  #planOf(rows: number, inputs: Plan['inputs'], outputs: Sample['outputs']): Plan {
    const { execution, kernel, params, rowUnits } = this.#plan;
    const wanted = outputs.map((column) => column !== null);
    return { execution, kernel, params, rows, rowUnits, inputs, outputs: wanted, room: noRoom };
  }
}

interface Cut {
  readonly first: number;
  readonly rows: number;
  readonly rowBytes: number;
}

const rowsOf = (column: Uint8Array, { first, rows, rowBytes }: Cut): Uint8Array =>
  new Uint8Array(column.subarray(first * rowBytes, (first + rows) * rowBytes));
