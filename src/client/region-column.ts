import type { Tensor } from '../gen/acceld/v1/tensor.js';

/** A column of a request whose elements lie in a region: see Region.column. */
export class RegionColumn {
  constructor(readonly tensor: Tensor) {}
}
