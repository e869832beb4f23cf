// Latencies in logarithmic buckets, fine enough for percentiles. What Prometheus gets is coarser: duration-metrics.ts.

/** A bucket is a fifth wider than the one below: its middle is within a tenth of every value in it. */
const bucketsPerDoubling = 4;
const firstNs = 1000;
/** 1 us to 16 s: below is the clock's noise, above no caller waits. */
export const latencyBuckets = 24 * bucketsPerDoubling;

export function bucketOf(ns: number): number {
  if (ns < firstNs) return 0;
  return Math.min(latencyBuckets - 1, Math.floor(Math.log2(ns / firstNs) * bucketsPerDoubling));
}

/** Seconds that a share of the counted latencies does not exceed; 0 where none was counted. */
export function percentile(counts: ArrayLike<number>, share: number): number {
  let all = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) all += counts[bucket]!;
  let left = Math.ceil(all * share);
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    left -= counts[bucket]!;
    if (left <= 0 && all > 0) return (firstNs * 2 ** ((bucket + 0.5) / bucketsPerDoubling)) / 1e9;
  }
  return 0;
}

/** Buckets that counted something, as "12:3,17:1". */
export function encodeLatencies(counts: Uint32Array): string {
  const used = [...counts].flatMap((count, bucket) => (count === 0 ? [] : [`${bucket}:${count}`]));
  return used.join(',');
}

/** Adds what encodeLatencies() wrote. */
export function addLatencies(counts: Float64Array, text: string): void {
  for (const pair of text.split(',')) {
    const [bucket, count] = pair.split(':').map(Number);
    if (bucket !== undefined && count !== undefined && bucket < counts.length) counts[bucket]! += count;
  }
}
