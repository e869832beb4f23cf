import { Precision, Priority, Device as DeviceKind } from '../../../src/gen/acceld/v1/execution.js';
import { Fault } from '../../../src/daemon/base/fault.js';
import { DeviceFailure, type Device, type Load, type Outcome, type Task } from '../../../src/daemon/devices/device.js';
import { allocateOutputs } from '../../../src/daemon/devices/result-memory.js';
import type { Plan } from '../../../src/daemon/base/plan.js';
import { Scheduler } from '../../../src/daemon/scheduler/scheduler.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A device whose tasks end when the test says so. One row takes 1 us, so a chunk has 1,000 rows or nearly so. */
export class FakeDevice implements Device {
  readonly running: { task: Task; done: (outcome: Outcome) => void }[] = [];
  readonly tasks: Task[] = [];
  readonly parallel = 1;
  readonly tasksMax = 2;
  readonly chunkNs = 1e6;
  readonly inlineNs = 50_000;
  readonly overheadNs = 0;
  readonly moveRowNs = 0;
  state = { up: true, reason: '' };
  loads = 0;
  readonly info = {
    kind: DeviceKind.DEVICE_CPU,
    engine: 'own',
    name: 'fake',
    variant: 'fake',
    threads: 1,
    kernels: [{ name: 'kernel', digest: 'd' }],
  };
  refusal: Error | undefined;
  unitNs(): number {
    return 1000;
  }
  load(plan: Plan): Load {
    if (!this.state.up) throw new DeviceFailure('lost', this.state.reason);
    this.loads += 1;
    const result = { ...allocateOutputs(plan), copiedBytes: 0 };
    return {
      run: (task, done) => {
        if (this.refusal) throw this.refusal;
        this.tasks.push(task);
        if (task.inline) done({ computeNs: 1, notFinite: false, failure: undefined });
        else this.running.push({ task, done });
      },
      result: () => result,
      release: () => (this.loads -= 1),
    };
  }
  endFirst(failure?: DeviceFailure): void {
    this.running.shift()!.done({ computeNs: 1000, notFinite: false, failure });
  }
  async endAll(): Promise<void> {
    while (this.running.length > 0) {
      this.endFirst();
      await Promise.resolve();
    }
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const plan = (rows: number, priority = Priority.PRIORITY_INTERACTIVE): Plan => ({
  execution: {
    device: DeviceKind.DEVICE_AUTO,
    fallbackAllowed: true,
    precision: Precision.PRECISION_F64,
    reproducible: true,
    priority,
    isPriorityUnset: false,
    validateOnly: false,
  },
  kernel: 'kernel',
  params: new Uint8Array(),
  rows,
  rowUnits: 1,
  inputs: [],
  outputs: [true],
  room: { before: 0, behind: 0 },
});

export function set() {
  const clock = new FakeClock();
  const device = new FakeDevice();
  const scheduler = new Scheduler(clock, [device]);
  const gate = { waiting: 0, max: Infinity };
  const controllers: AbortController[] = [];
  const submitTo = (
    to: FakeDevice,
    rows: number,
    { priority = Priority.PRIORITY_INTERACTIVE, deadlineNs = Infinity } = {},
  ) => {
    const controller = new AbortController();
    controllers.push(controller);
    const order = {
      plan: plan(rows, priority),
      deadlineNs,
      cancellation: () => controller.signal,
      gate: {
        enterQueue: () => {
          if (gate.waiting >= gate.max) throw new Fault('QUEUE_FULL', 'full');
          gate.waiting += 1;
        },
        leaveQueue: () => {
          gate.waiting -= 1;
        },
      },
    };
    return scheduler.submit(order, { device: to, fallback: undefined });
  };
  const submit = (rows: number, settings?: { priority?: Priority; deadlineNs?: number }) =>
    submitTo(device, rows, settings);
  const isIdle = (): boolean => scheduler.lanes.every((lane) => lane.queued === 0 && lane.running === 0);
  return { clock, device, scheduler, gate, submit, submitTo, controllers, isIdle };
}

const code = (error: unknown): string => (error instanceof Fault ? error.code : String(error));
export const rejection = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'resolved', code);
