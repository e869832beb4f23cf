// The one pipeline of every call: decode, answer, encode, and one door for errors. Depends on a caller and on bytes,
// never on where they came from.
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { Device, Precision, Priority, type Receipt } from '../../gen/acceld/v1/execution.js';
import type { Admission, Ticket } from '../admission/admission.js';
import type { Caller } from '../base/caller.js';
import type { Classify } from '../base/classification.js';
import type { Clock } from '../base/clock.js';
import type { Announce } from '../base/events.js';
import { Fault, invalidInput } from '../base/fault.js';
import { messageBytesMax, retryAfterMs } from '../base/limits.js';
import { requestId } from '../base/request-id.js';
import { outputBytes } from '../devices/result-memory.js';
import type { Plan, Traffic } from '../base/plan.js';
import type { Regions } from '../memory/regions.js';
import { CallSlices } from '../memory/slices.js';
import type { Method, Operation } from '../operations/operation.js';
import { rowNs, type Scheduler } from '../scheduler/scheduler.js';
import type { Finished, Placement } from '../scheduler/work.js';

/** The rooms that a call passes. */
export interface Rooms {
  readonly admission: Admission;
  readonly scheduler: Scheduler;
  /** Looks at a result before anybody changes it. */
  readonly look: (plan: Plan, finished: Finished) => void;
  readonly regions: Regions;
  /** Unset: calls that name no priority keep the default. */
  readonly classify?: Classify;
  readonly clock: Clock;
  readonly announce: Announce;
  /** Set while the daemon stops. */
  readonly draining: () => boolean;
}

/** A call as it arrived. */
export interface Incoming {
  readonly caller: Caller;
  readonly bytes: Uint8Array;
  /** The client's own id, unchecked. */
  readonly requestId: unknown;
  /** Milliseconds since the epoch; Infinity: none. */
  readonly deadlineMs: number;
  readonly cancellation: () => AbortSignal;
  /** Calls `act` once: when the answer has left this process, or its client is gone. Until then the answer takes memory. */
  readonly onClosed: (act: () => void) => void;
}

const internal = (): Fault =>
  new Fault('INTERNAL', 'internal error; the daemon has logged the cause under this request id');

/** A fault together with the request it belongs to. */
export class FailedCall {
  constructor(
    readonly fault: Fault,
    readonly requestId: string,
    /** Told of an error that no fault describes. */
    readonly onBug: (error: unknown) => void = () => undefined,
  ) {}

  /** What a method rejected with. */
  static of(error: unknown): FailedCall {
    return error instanceof FailedCall ? error : new FailedCall(internal(), '');
  }

  /** The status that `encode` makes of the fault; where it cannot, that of our bug. */
  status<Status>(encode: (fault: Fault, requestId: string) => Status): Status {
    try {
      return encode(this.fault, this.requestId);
    } catch (error) {
      this.onBug(error);
      return encode(internal(), this.requestId);
    }
  }
}

/** What is known of a call, filled in on its way, for the receipt and the event. */
export class Course {
  readonly arrivedNs: number;
  readonly requestId: string;
  plan: Plan | undefined;
  placement: Placement | undefined;
  finished: Finished | undefined;
  ticket: Ticket | undefined;
  /** Of a call that named no priority. */
  classified: ReturnType<Classify>;

  constructor(
    readonly rooms: Rooms,
    readonly incoming: Incoming,
  ) {
    this.arrivedNs = rooms.clock.nowNs();
    this.requestId = requestId(incoming.requestId, rooms.clock.wallMs());
  }

  /** Bytes of columns: copied in messages or for a device, and used where they lie. */
  get traffic(): Traffic {
    const { plan, finished } = this;
    if (!finished) return { copiedBytes: 0, sharedBytes: 0 };
    const { copiedBytes, sharedBytes } = plan?.traffic ?? { copiedBytes: 0, sharedBytes: 0 };
    return { copiedBytes: copiedBytes + finished.copiedBytes, sharedBytes };
  }

  receipt(): Receipt {
    const { plan, placement, finished, ticket } = this;
    const { copiedBytes, sharedBytes } = this.traffic;
    const info = placement?.device.info;
    return {
      requestId: this.requestId,
      device: info?.kind ?? Device.DEVICE_UNSPECIFIED,
      engine: info?.engine ?? '',
      deviceName: info?.name ?? '',
      precision: plan?.execution.precision ?? Precision.PRECISION_UNSPECIFIED,
      // acceld has no kernel yet whose bits depend on the machine.
      reproducible: plan !== undefined,
      kernelDigest: info?.kernels.find(({ name }) => name === plan?.kernel)?.digest ?? '',
      fallback: placement?.fallback,
      queueNs: Math.round(finished?.queueNs ?? 0),
      computeNs: Math.round(finished?.computeNs ?? 0),
      transferNs: 0,
      totalNs: Math.round(this.rooms.clock.nowNs() - this.arrivedNs),
      batchSize: finished ? 1 : 0,
      seed: undefined,
      bytesCopied: copiedBytes,
      bytesShared: sharedBytes,
      allowance: this.rooms.scheduler.allowance.rung,
      classified: this.classified,
      quotaLeft: ticket && { requests: ticket.requestsLeft, bytes: ticket.bytesLeft },
    };
  }
}

/** Computes the encoded reply. */
export type Respond<Request> = (request: Request, course: Course) => Uint8Array | Promise<Uint8Array>;

/** Answers one unary call. Rejects with a FailedCall and with nothing else. */
export function answer<Request, Response>(
  method: Method<Request, Response>,
  incoming: Incoming,
  rooms: Rooms,
  respond: Respond<Request>,
): Promise<Uint8Array> {
  return within(method, new Course(rooms, incoming), respond, byteLengthOf);
}

export const byteLengthOf = ({ byteLength }: Uint8Array): number => byteLength;

/** The door that every call enters and leaves by, whatever it answers with. `bytesOf`: how many bytes an answer sent. */
export async function within<Request, Response, Answer>(
  method: Method<Request, Response>,
  course: Course,
  respond: (request: Request, course: Course) => Answer | Promise<Answer>,
  bytesOf: (answer: Answer) => number,
): Promise<Answer> {
  const { rooms, incoming } = course;
  try {
    const { byteLength } = incoming.bytes;
    if (byteLength > messageBytesMax) {
      throw new Fault('MESSAGE_TOO_LARGE', `a request has at most ${messageBytesMax} bytes, got ${byteLength}`);
    }
    if (method.role === 'ROLE_OPERATOR' && !incoming.caller.isOperator) {
      throw new Fault('NOT_ALLOWED', `${method.name} is for operators, and ${incoming.caller.name} is none`);
    }
    if (rooms.draining()) throw new Fault('DRAINING', 'the daemon is stopping', { retryAfterMs });
    const answered = await respond(decode(method, incoming.bytes), course);
    announceEnd(method, course, undefined, bytesOf(answered));
    return answered;
  } catch (error) {
    const fault = toFault(error, method, course);
    fault.receipt = course.receipt();
    announceEnd(method, course, fault, 0);
    throw new FailedCall(fault, course.requestId, (bug) => announceBug(bug, method, course));
  } finally {
    const { ticket } = course;
    if (ticket) incoming.onClosed(() => ticket.release());
  }
}

/** The way of an operation: parse, plan, admission, placement, scheduler, reply. */
export function respondBy<Request, Job, Response>(operation: Operation<Request, Job, Response>): Respond<Request> {
  return async (request, course) => {
    const { rooms, incoming } = course;
    const slices = new CallSlices(rooms.regions, incoming.caller);
    try {
      const job = operation.parse(request, slices);
      const plan = classify(course, operation.plan(job), { operation: operation.method.name });
      course.plan = plan;
      const ticket = rooms.admission.admit(incoming.caller, incoming.bytes.byteLength + outputBytes(plan));
      course.ticket = ticket;
      const placement = rooms.scheduler.place(plan);
      course.placement = placement;
      if (plan.execution.validateOnly) return operation.reply(job, null, course.receipt());
      const order = { plan, deadlineNs: deadlineNsOf(course), cancellation: incoming.cancellation, gate: ticket };
      const finished = await rooms.scheduler.submit(order, placement);
      course.finished = finished;
      course.placement = finished.placement;
      rooms.look(plan, finished);
      return operation.reply(job, finished, course.receipt());
    } finally {
      slices.close();
    }
  };
}

/** The plan with the priority that it gets where the call named none. `rows`: 0 where they are not known beforehand. */
export function classify(
  course: Course,
  plan: Plan,
  { operation, rows = plan.rows }: { readonly operation: string; readonly rows?: number },
): Plan {
  const { execution } = plan;
  const { rooms, incoming } = course;
  if (!execution.isPriorityUnset || !rooms.classify) return plan;
  const estimateNs = rows * rowNs(plan, rooms.scheduler.devices[0]);
  course.classified = rooms.classify({ caller: incoming.caller.name, operation, estimateNs });
  return course.classified ? withPriority(plan, course.classified.priority) : plan;
}

export const withPriority = (plan: Plan, priority: Priority): Plan => ({
  ...plan,
  execution: { ...plan.execution, priority },
});

/** The call's deadline on the monotonic clock; Infinity: none. */
export const deadlineNsOf = ({ rooms: { clock }, incoming }: Course): number =>
  clock.nowNs() + (incoming.deadlineMs - clock.wallMs()) * 1e6;

export function decode<Request, Response>(method: Method<Request, Response>, bytes: Uint8Array): Request {
  try {
    const reader = new BinaryReader(bytes);
    const request = method.request.decode(reader);
    // The generated decoders stop at a tag of zero or at the end of a group, and ignore what follows.
    if (reader.pos < reader.len) throw new Error(`byte ${reader.pos} begins no field`);
    return request;
  } catch (error) {
    throw invalidInput([
      { field: 'request', description: `is not a message of its type: ${(error as Error).message}` },
    ]);
  }
}

function toFault(error: unknown, method: { name: string }, course: Course): Fault {
  if (error instanceof Fault) return error;
  announceBug(error, method, course);
  return internal();
}

const announceBug = (error: unknown, { name }: { name: string }, { rooms, requestId }: Course): void =>
  rooms.announce({ kind: 'bug', where: name, requestId, error });

function announceEnd(method: { name: string }, course: Course, fault: Fault | undefined, responseBytes: number): void {
  const { rooms, incoming, plan, placement, finished } = course;
  const { copiedBytes, sharedBytes } = course.traffic;
  rooms.announce({
    kind: 'call-finished',
    requestId: course.requestId,
    caller: incoming.caller.name,
    operation: method.name,
    priority: plan?.execution.priority ?? Priority.PRIORITY_UNSPECIFIED,
    device: placement?.device.info.kind ?? Device.DEVICE_UNSPECIFIED,
    outcome: fault?.code ?? 'OK',
    message: fault?.message ?? '',
    rows: plan?.rows ?? 0,
    requestBytes: incoming.bytes.byteLength,
    responseBytes,
    copiedBytes,
    sharedBytes,
    queueNs: finished?.queueNs ?? 0,
    computeNs: finished?.computeNs ?? 0,
    totalNs: rooms.clock.nowNs() - course.arrivedNs,
  });
}
