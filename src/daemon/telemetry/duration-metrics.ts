import type { Registry } from 'prom-client';

/** 10 us to 10 s, three steps a decade: below is the clock's noise, above no caller waits. */
export const durationBuckets = [
  1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
];

type Labels = Readonly<Record<string, string>>;

/** The durations of one series. Counting one costs a few additions: prom-client's own histogram looks its labels up each time. */
export class Durations {
  readonly #counts = new Float64Array(durationBuckets.length + 1);
  #sum = 0;

  constructor(readonly labels: Labels) {}

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < durationBuckets.length && seconds > durationBuckets[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += seconds;
  }

  /** As the text format wants it: buckets that hold all below them, the sum and the count. */
  values(name: string): { metricName: string; labels: Labels; value: number }[] {
    let count = 0;
    const buckets = [...durationBuckets.map(String), '+Inf'].map((le, index) => {
      count += this.#counts[index]!;
      return { metricName: `${name}_bucket`, labels: { ...this.labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.labels, value: count },
    ];
  }
}

/** A histogram whose series somebody else counts. */
export function registerDurations(
  { name, help }: { name: string; help: string },
  series: () => Iterable<Durations>,
  registry: Registry,
): void {
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: () =>
      Promise.resolve({
        name,
        help,
        type: 'histogram',
        aggregator: 'sum',
        values: [...series()].flatMap((durations) => durations.values(name)),
      }),
  };
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}
