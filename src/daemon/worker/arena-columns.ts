import type { Plan } from '../base/plan.js';
import { DeviceFailure } from '../devices/device.js';
import type { Element, HostKernel } from '../devices/host-addon.js';
import type { Slice } from './arena.js';
import type { Place, TaskFrame } from './protocol.js';
import type { SharedArena } from './shared-arena.js';
import type { WorkerProcess } from './worker-process.js';

/** Devices take columns where they lie from addresses that this divides; the largest that OpenCL and Metal ask for. */
const columnAlignment = 512;

const elementBytes: Readonly<Record<Element, number>> = { f64: 8, f32: 4, u32: 4, u8: 1 };

const aligned = (bytes: number): number => Math.ceil(bytes / columnAlignment) * columnAlignment;

/** Bytes of each input and of each output of a row of a plan; 0: one value for all rows, or an output that nobody wants. */
export function rowBytesOf(
  { inputs, outputs, guard }: Plan,
  shape: HostKernel,
): { inputs: number[]; outputs: number[] } {
  return {
    inputs: inputs.map(({ byteLength }, index) => {
      const size = elementBytes[shape.inputs[index]!];
      return byteLength === size ? 0 : size;
    }),
    outputs: outputs.map((isWanted, index) =>
      isWanted || guard?.codes[index] ? elementBytes[shape.outputs[index]!] : 0,
    ),
  };
}

interface Settings {
  readonly arena: SharedArena;
  /** The kernel of the CPU of the same name: what its columns are. */
  readonly shape: HostKernel;
  readonly rows: number;
}

/** Columns for so many rows of a plan in the memory of a worker: the parameters, the inputs, the outputs, in one slice. */
export class ArenaColumns {
  readonly params: TaskFrame['params'];
  readonly inputs: readonly (Place & { readonly stride: number; readonly bytes: number })[];
  readonly outputs: readonly ((Place & { readonly bytes: number }) | null)[];
  readonly #arena: SharedArena;
  readonly #slice: Slice;

  /** Throws DeviceFailure where there is no room. Nothing is written yet but the parameters. */
  constructor(plan: Plan, { arena, shape, rows }: Settings) {
    const { memory } = arena;
    const strides = rowBytesOf(plan, shape);
    let bytes = 0;
    const place = (size: number): { memory: number; offset: number; bytes: number } => {
      bytes += aligned(size);
      return { memory, offset: bytes - aligned(size), bytes: size };
    };
    const params = place(plan.params.length);
    const inputs = strides.inputs.map((stride, index) => ({
      ...place(stride === 0 ? elementBytes[shape.inputs[index]!] : rows * stride),
      stride,
    }));
    const outputs = strides.outputs.map((stride) => (stride === 0 ? null : place(rows * stride)));
    const slice = arena.allocate(bytes);
    if (slice === undefined) throw new DeviceFailure('refused', 'its memory is in use');
    const moved = <Spot extends Place>(spot: Spot): Spot => ({ ...spot, offset: slice.offset + spot.offset });
    this.#arena = arena;
    this.#slice = slice;
    this.params = moved(params);
    this.inputs = inputs.map(moved);
    this.outputs = outputs.map((spot) => spot && moved(spot));
    this.#clearGaps();
    this.view(this.params).set(plan.params);
  }

  view({ offset, bytes }: { readonly offset: number; readonly bytes: number }): Uint8Array {
    return this.#arena.bytes.subarray(offset, offset + bytes);
  }

  /** A worker that hangs or dies may write until it is gone. */
  free(process: WorkerProcess): void {
    if (process.state === 'ready') this.#arena.free(this.#slice);
    else process.whenEnded(() => this.#arena.free(this.#slice));
  }

  /** Nothing of the job before is left beside the columns either. */
  #clearGaps(): void {
    const { bytes } = this.#arena;
    let end = this.#slice.offset;
    for (const spot of [this.params, ...this.inputs, ...this.outputs]) {
      if (spot === null) continue;
      bytes.fill(0, end, spot.offset);
      end = spot.offset + spot.bytes;
    }
    bytes.fill(0, end, this.#slice.offset + this.#slice.bytes);
  }
}
