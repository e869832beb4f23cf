import { cpus, release } from 'node:os';

/** One result: what is measured, ours against a peer, both in the same run. A ratio above 1 means that ours is better. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly machine: string;
  /** Latency of ours in microseconds, where the row has one. */
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface Bench {
  /** What --only names. */
  readonly name: string;
  rows(): AsyncGenerator<Row>;
}

/** A program or module that the measurement needs is absent. The message is the one line that is printed. */
export class MissingPart extends Error {
  constructor(part: string) {
    super(`missing: ${part} (npm run setup installs it)`);
  }
}

/** An odd number, so that the median is a measurement. */
export const repeats = 7;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Measures ours and the peer in turn, so that a slow minute of the machine hits both. */
export async function inTurn<Sample>(ours: () => Promise<Sample>, peer: (() => Promise<Sample>) | undefined) {
  const samples: { ours: Sample[]; peer: Sample[] } = { ours: [], peer: [] };
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    samples.ours.push(await ours());
    if (peer) samples.peer.push(await peer());
  }
  return samples;
}

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | undefined;
  readonly peerName: string;
  /** More is better, as with rates; otherwise less is, as with times. */
  readonly moreIsBetter: boolean;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export function toRow({ name, unit, ours, peer, peerName, moreIsBetter, ...latency }: Measured): Row {
  const ratio = peer === undefined ? undefined : moreIsBetter ? ours / peer : peer / ours;
  const figures = { ours: round(ours), peer: peer === undefined ? null : round(peer) };
  return { name, unit, ...figures, peerName, ratio: ratio === undefined ? null : round(ratio), machine, ...latency };
}

const round = (value: number): number => Number(value.toPrecision(4));

const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${process.platform} ${release()}, Node ${process.versions.node}`;
