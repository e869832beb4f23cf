// The slices of regions that one call names. Its regions stay until it ends.
import type { RegionSlice } from '../../gen/acceld/v1/tensor.js';
import type { Caller } from '../base/caller.js';
import { Fault } from '../base/fault.js';
import type { Regions, Use } from './regions.js';

/** A slice that lies in its region, or what is wrong with it. */
export type OpenedSlice =
  { readonly bytes: Uint8Array } | { readonly field: string; readonly expected: string; readonly got: unknown };

/** Opens slices. Throws REGION_UNKNOWN. */
export interface Slices {
  open(slice: RegionSlice): OpenedSlice;
}

export class CallSlices implements Slices {
  readonly #regions: Regions;
  readonly #caller: Caller;
  #uses: Map<string, Use> | undefined;

  constructor(regions: Regions, caller: Caller) {
    this.#regions = regions;
    this.#caller = caller;
  }

  open({ regionId, token, offset, bytes }: RegionSlice): OpenedSlice {
    // Again for each slice: each has a token of its own, and it is the token that opens.
    const use = this.#regions.use(this.#caller, regionId, token);
    const uses = (this.#uses ??= new Map<string, Use>());
    if (uses.has(regionId)) use.done();
    else uses.set(regionId, use);
    const { region } = use;
    // Sums of whole numbers up to 2^53 lose nothing that matters here.
    if (offset + bytes > region.bytes) {
      return { field: 'offset', expected: `at most ${region.bytes} with the slice's bytes`, got: offset + bytes };
    }
    return { bytes: new Uint8Array(region.memory.buffer, offset, bytes) };
  }

  /** Once, when nothing computes on them any more. */
  close(): void {
    for (const use of this.#uses?.values() ?? []) use.done();
  }
}

/** Of a call that has no regions. */
export const noSlices: Slices = {
  open: () => {
    throw new Fault('REGION_UNKNOWN', 'there are no regions here');
  },
};
