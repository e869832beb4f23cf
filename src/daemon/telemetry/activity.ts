// What the daemon does now and did in the last minute: turns the slots of recent.ts with the clock, samples what can only be
// read, and makes the roll-up of each minute. Keeps nothing older.
import type { Device } from '../../gen/acceld/v1/execution.js';
import type { CallerActivity, OperationActivity, SensorStatus } from '../../gen/acceld/v1/admin_service.js';
import type { PolicyReading, Rung } from '../base/allowance.js';
import type { Clock } from '../base/clock.js';
import { CallTable, lastMinute } from './call-series.js';
import { deviceName, type DeviceReading } from './device-metrics.js';
import { latencyBuckets, percentile } from './latency.js';
import { Spans, type Minute } from './minute.js';
import { slotMs, slotsPerMinute } from './recent.js';

export interface ActivitySources {
  readonly clock: Clock;
  readonly devices: () => readonly DeviceReading[];
  readonly policy: (() => PolicyReading) | undefined;
  readonly onMinute: (minute: Minute) => void;
}

/** Device time used until an instant. */
interface BusySample {
  readonly atNs: number;
  readonly busyNs: ReadonlyMap<Device, number>;
}

const minuteMs = slotMs * slotsPerMinute;

export class Activity {
  readonly calls = new CallTable();
  readonly #sources: ActivitySources;
  readonly #spans = new Spans();
  readonly #rungNs = new Map<Rung, number>();
  /** One for each slot that ended in the last minute, the oldest first. */
  #samples: BusySample[];
  #slotNumber: number;
  #steppedNs: number;

  constructor(sources: ActivitySources) {
    this.#sources = sources;
    this.#slotNumber = Math.floor(sources.clock.wallMs() / slotMs);
    this.#steppedNs = sources.clock.nowNs();
    this.#samples = [{ atNs: this.#steppedNs, busyNs: new Map() }];
    this.calls.begin(this.#slotNumber % slotsPerMinute);
  }

  /** To be called every second. */
  step(): void {
    this.#countRung();
    const slotNumber = Math.floor(this.#sources.clock.wallMs() / slotMs);
    const passed = slotNumber - this.#slotNumber;
    if (passed === 0) return;
    this.#sample();
    // A clock that was set back begins anew.
    if (passed < 0 || minuteOf(slotNumber) !== minuteOf(this.#slotNumber)) this.#endMinute();
    const first = passed < 0 || passed > slotsPerMinute ? slotNumber - slotsPerMinute + 1 : this.#slotNumber + 1;
    for (let slot = first; slot <= slotNumber; slot += 1) this.calls.begin(slot % slotsPerMinute);
    this.#slotNumber = slotNumber;
  }

  /** The begun minute, as far as it went. */
  close(): void {
    this.#countRung();
    this.#sample();
    this.#endMinute();
  }

  /** Share of a device's time that was used in the last minute. */
  busyRatio(device: DeviceReading): number {
    return this.#ratioSince(this.#samples[0]!, device);
  }

  callers(): CallerActivity[] {
    const callers = [...this.calls.callers.values()].map((caller) => {
      const { calls, deviceNs } = lastMinute(caller);
      return {
        name: caller.name,
        requestsInFlight: 0,
        queued: 0,
        calls: caller.calls,
        deviceSeconds: caller.deviceNs / 1e9,
        minuteCalls: calls,
        minuteDeviceSeconds: deviceNs / 1e9,
      };
    });
    return callers.sort((one, other) => other.minuteDeviceSeconds - one.minuteDeviceSeconds);
  }

  operations(): OperationActivity[] {
    const sums = new Map<string, { calls: number; failures: number; latencies: Uint32Array }>();
    for (const { labels, recent } of this.calls.series.values()) {
      if (recent.calls === 0) continue;
      const { calls, latencies } = recent.sum();
      const sum = sums.get(labels.operation) ?? { calls: 0, failures: 0, latencies: new Uint32Array(latencyBuckets) };
      sum.calls += calls;
      if (labels.outcome !== 'OK') sum.failures += calls;
      latencies.forEach((count, bucket) => (sum.latencies[bucket]! += count));
      sums.set(labels.operation, sum);
    }
    return [...sums].map(([operation, { calls, failures, latencies }]) => {
      return {
        operation,
        calls,
        failures,
        p50Seconds: percentile(latencies, 0.5),
        p99Seconds: percentile(latencies, 0.99),
      };
    });
  }

  sensors(): SensorStatus {
    const { thermalLevel, temperatureCelsius, memoryPressure, otherLoad } = this.#sources.policy?.() ?? {};
    return { thermalLevel, temperatureCelsius, memoryPressure, otherLoad };
  }

  #countRung(): void {
    const nowNs = this.#sources.clock.nowNs();
    const rung = this.#sources.policy?.().allowance.rung;
    if (rung) this.#rungNs.set(rung, (this.#rungNs.get(rung) ?? 0) + nowNs - this.#steppedNs);
    this.#steppedNs = nowNs;
  }

  #sample(): void {
    const { temperatureCelsius, thermalLevel, memoryPressure, otherLoad } = this.#sources.policy?.() ?? {};
    this.#spans.add('temperature-celsius', temperatureCelsius);
    this.#spans.add('thermal-level', thermalLevel);
    this.#spans.add('memory-pressure', memoryPressure);
    this.#spans.add('other-load', otherLoad);
    this.#spans.add('resident-bytes', process.memoryUsage.rss());
    const devices = this.#sources.devices();
    for (const device of devices) {
      const ratio = this.#ratioSince(this.#samples.at(-1)!, device);
      this.#spans.add(`${deviceName(device.kind)}-busy-ratio`, ratio);
    }
    const busyNs = new Map(devices.map(({ kind, busyNs: used }) => [kind, used]));
    this.#samples = [...this.#samples, { atNs: this.#sources.clock.nowNs(), busyNs }].slice(-slotsPerMinute);
  }

  #ratioSince({ atNs, busyNs }: BusySample, { kind, busyNs: used, parallel }: DeviceReading): number {
    const elapsedNs = this.#sources.clock.nowNs() - atNs;
    return elapsedNs <= 0 ? 0 : (used - (busyNs.get(kind) ?? 0)) / (elapsedNs * parallel);
  }

  #endMinute(): void {
    const { series, callers } = this.calls;
    const rungs = [...this.#rungNs].map(([rung, ns]) => ({ rung, seconds: ns / 1e9 }));
    this.#rungNs.clear();
    this.#sources.onMinute({
      beginMs: minuteOf(this.#slotNumber) * minuteMs,
      calls: [...series.values()]
        .filter(({ recent }) => recent.calls > 0)
        .map(({ labels, recent }) => ({ ...labels, ...recent.sum() })),
      callers: [...callers.values()]
        .map((caller) => ({ name: caller.name, ...lastMinute(caller) }))
        .filter(({ calls }) => calls > 0),
      rungs,
      readings: this.#spans.take(),
    });
  }
}

const minuteOf = (slotNumber: number): number => Math.floor(slotNumber / slotsPerMinute);
