// Counts, keeps and shows what rooms announce: metrics, the last minute, history. Says nothing to the rooms.
import type { ReadHistoryRequest, ReadHistoryResponse } from '../../gen/acceld/v1/admin_service.js';
import type { PolicyReading } from '../base/allowance.js';
import type { Clock } from '../base/clock.js';
import type { Announce, Event } from '../base/events.js';
import type { Lately } from '../base/lately.js';
import { Activity } from './activity.js';
import { History } from './history.js';
import { createPrivate } from './history-file.js';
import type { StoreSettings } from './history-store.js';
import { createMetrics, type Metrics, type Readings } from './metrics.js';

type Given = Pick<Readings, 'version' | 'lanes' | 'devices' | 'memory' | 'runtimeIsSupported'>;

export interface TelemetryOptions extends Given {
  readonly clock: Clock;
  readonly announce: Announce;
  /** Undefined: there is no policy. */
  readonly policy: (() => PolicyReading) | undefined;
  /** Undefined: nothing is kept. */
  readonly history: StoreSettings | undefined;
}

const stepMs = 1000;

export class Telemetry {
  readonly metrics: Metrics;
  readonly #options: TelemetryOptions;
  readonly #activity: Activity;
  readonly #history: History;
  readonly #timer: NodeJS.Timeout;
  #isServing = false;

  constructor(options: TelemetryOptions) {
    const { clock, announce, history: settings, devices, policy } = options;
    this.#options = options;
    this.#history = new History({ settings, clock, announce });
    this.#activity = new Activity({ clock, devices, policy, onMinute: (minute) => this.#history.add(minute) });
    this.metrics = createMetrics({
      ...options,
      calls: this.#activity.calls,
      busyRatio: (device) => this.#activity.busyRatio(device),
      startSeconds: clock.wallMs() / 1e3,
      history: () => this.#history.reading,
    });
    this.#timer = setInterval(() => this.#step(), stepMs).unref();
  }

  observe(event: Event): void {
    if (event.kind === 'call-finished') this.#activity.calls.add(event);
    this.metrics.observe(event);
    this.#history.observe(event);
  }

  /** The thread of history starts now: not before the daemon serves. */
  begin(): void {
    this.#isServing = true;
    this.#step();
  }

  get lately(): Lately {
    const readings = this.#options.devices();
    return {
      callers: this.#activity.callers(),
      operations: this.#activity.operations(),
      sensors: this.#activity.sensors(),
      busy: (kind) => {
        const reading = readings.find((each) => each.kind === kind);
        if (!reading) return { busySeconds: 0, busyRatio: 0 };
        return { busySeconds: reading.busyNs / 1e9, busyRatio: this.#activity.busyRatio(reading) };
      },
    };
  }

  readHistory(request: ReadHistoryRequest): Promise<ReadHistoryResponse> {
    return this.#history.read(request);
  }

  /** Looks whether other settings of history can be kept to, and returns what puts them in force. Throws where not. */
  prepareHistory(settings: StoreSettings | undefined): () => void {
    if (settings) createPrivate(settings.path);
    return () => this.#history.reconfigure(settings);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#activity.close();
    await this.#history.close();
    this.metrics.close();
  }

  #step(): void {
    this.#activity.step();
    if (this.#isServing) this.#history.step();
  }
}
