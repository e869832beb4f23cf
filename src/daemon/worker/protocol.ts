// The frames between the daemon and a worker; native/worker/frames.h has the same. From a worker the daemon believes
// nothing but the bytes of a result: every frame is checked here, and one that breaks the protocol ends its worker.

const magic = 0x6b776361;
export const protocolVersion = 2;
const headBytes = 8;
const frameBytesMax = 4096;
/** What a worker says in a frame: a few words and four strings at most. */
const workerFrameBytesMax = 2048;
const textBytesMax = 256;
/** More kernels than any build has: bounds what a start may announce. */
const kernelsMax = 256;

const toWorker = { hello: 1, attach: 2, detach: 3, task: 4, ping: 5 } as const;
const toDaemon = { hello: 1, device: 2, kernel: 3, ready: 4, done: 5, failed: 6, dying: 7, pong: 8 } as const;

/** An output that nobody wants. */
const notWanted = 0xffffffff;

export const kernelStates = ['ready', 'missing', 'failed'] as const;
export type KernelState = (typeof kernelStates)[number];

/** As GpuFault in native/device/gpu.h. */
export const deviceFaults = ['none', 'compile', 'memory', 'execution', 'sticky'] as const;
export type DeviceFault = (typeof deviceFaults)[number];

/** A kernel as a worker has it. Missing: its binary is not in the store. */
export interface KernelReport {
  readonly state: KernelState;
  readonly name: string;
  readonly digest: string;
  readonly reason: string;
}

export interface DeviceReport {
  readonly kernels: number;
  readonly engine: string;
  readonly name: string;
  readonly variant: string;
  /** What the system did not have for the sandbox; empty: nothing. */
  readonly sandboxLacks: string;
}

export interface DoneReport {
  readonly token: number;
  readonly fault: DeviceFault;
  readonly flags: number;
  readonly computeNs: number;
  readonly copiedBytes: number;
  readonly reason: string;
}

export type WorkerFrame =
  | { readonly kind: 'hello' }
  | ({ readonly kind: 'device' } & DeviceReport)
  | ({ readonly kind: 'kernel' } & KernelReport)
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'done' } & DoneReport)
  | { readonly kind: 'failed'; readonly absent: boolean; readonly reason: string }
  | { readonly kind: 'dying'; readonly signal: number }
  | { readonly kind: 'pong' };

/** Where bytes lie that daemon and worker share. */
export interface Place {
  readonly memory: number;
  readonly offset: number;
}

/** Rows [begin, end) of one kernel. */
export interface TaskFrame {
  readonly token: number;
  readonly kernel: number;
  readonly params: Place & { readonly bytes: number };
  readonly rows: number;
  readonly begin: number;
  readonly end: number;
  /** stride 0: one element for all rows. */
  readonly inputs: readonly (Place & { readonly stride: number })[];
  readonly outputs: readonly (Place | null)[];
}

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Cuts what a worker sends into frames. */
export class FrameReader {
  readonly received = new Uint8Array(64 * 1024);
  /** The begin of a frame whose end has not come yet. */
  #kept = new Uint8Array(0);

  /** Calls `take` for every frame that is complete with the next `count` bytes of `received`. Throws ProtocolError. */
  read(count: number, take: (frame: WorkerFrame) => void): void {
    const fresh = this.received.subarray(0, count);
    let bytes = this.#kept.length === 0 ? fresh : Buffer.concat([this.#kept, fresh]);
    while (bytes.length >= headBytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const size = view.getUint32(0, true);
      if (size < headBytes || size > workerFrameBytesMax) throw new ProtocolError(`a frame of ${size} bytes`);
      if (bytes.length < size) break;
      take(decode(view.getUint32(4, true), new Fields(bytes.subarray(headBytes, size))));
      bytes = bytes.subarray(size);
    }
    // A copy: `received` is written to again.
    this.#kept = bytes.length === 0 ? empty : bytes.slice();
  }
}

const empty = new Uint8Array(0);

class Fields {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  word(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Exact below 2^53; a worker that sends more gets what it deserves: a number that nobody knows. */
  long(): number {
    const low = this.word();
    return low + this.word() * 2 ** 32;
  }

  /** Printable, whatever was sent. */
  text(): string {
    const size = this.word();
    if (size > textBytesMax) throw new ProtocolError(`a text of ${size} bytes`);
    const at = this.#take(size);
    const bytes = Buffer.from(this.#view.buffer, this.#view.byteOffset + at, size);
    return bytes.toString('utf8').replace(/[^\x20-\x7e]/g, '?');
  }

  oneOf<Name>(names: readonly Name[]): Name {
    const index = this.word();
    const name = names[index];
    if (name === undefined) throw new ProtocolError(`${index} where ${names.length} values are known`);
    return name;
  }

  end(): void {
    if (this.#at !== this.#view.byteLength) throw new ProtocolError('a frame is longer than its fields');
  }

  #take(size: number): number {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#view.byteLength) throw new ProtocolError('a frame is shorter than its fields');
    return at;
  }
}

function decode(kind: number, fields: Fields): WorkerFrame {
  const frame = read(kind, fields);
  fields.end();
  return frame;
}

function read(kind: number, fields: Fields): WorkerFrame {
  switch (kind) {
    case toDaemon.hello:
      return readHello(fields);
    case toDaemon.device:
      return readDevice(fields);
    case toDaemon.kernel: {
      const state = fields.oneOf(kernelStates);
      return { kind: 'kernel', state, name: fields.text(), digest: fields.text(), reason: fields.text() };
    }
    case toDaemon.ready:
      return { kind: 'ready' };
    case toDaemon.done: {
      const [token, fault, flags] = [fields.long(), fields.oneOf(deviceFaults), fields.word()];
      const [computeNs, copiedBytes] = [fields.long(), fields.long()];
      return { kind: 'done', token, fault, flags, computeNs, copiedBytes, reason: fields.text() };
    }
    case toDaemon.failed:
      return { kind: 'failed', absent: fields.word() === 1, reason: fields.text() };
    case toDaemon.dying:
      return { kind: 'dying', signal: fields.word() };
    case toDaemon.pong:
      return { kind: 'pong' };
    default:
      throw new ProtocolError(`a frame of the unknown kind ${kind}`);
  }
}

function readHello(fields: Fields): WorkerFrame {
  if (fields.word() !== magic) throw new ProtocolError('no worker of acceld is on the line');
  const version = fields.word();
  if (version === protocolVersion) return { kind: 'hello' };
  throw new ProtocolError(`a worker of protocol version ${version}, where ${protocolVersion} is spoken`);
}

function readDevice(fields: Fields): WorkerFrame {
  const kernels = fields.word();
  if (kernels > kernelsMax) throw new ProtocolError(`a device of ${kernels} kernels`);
  const [engine, name, variant, sandboxLacks] = [fields.text(), fields.text(), fields.text(), fields.text()];
  return { kind: 'device', kernels, engine, name, variant, sandboxLacks };
}

/** Frames to a worker, one after the other in the same bytes. Each method returns the size of its frame. */
export class FrameWriter {
  readonly bytes = new Uint8Array(frameBytesMax);
  readonly #view = new DataView(this.bytes.buffer);
  #at = 0;

  /** `beat`: the offset in memory 0 of two words: the tasks that the worker has begun, and the notice of its end. */
  hello(beat: number, folders: { readonly work: string; readonly store: string }): number {
    this.#begin(toWorker.hello).#word(magic).#word(protocolVersion).#word(process.pid).#long(beat);
    return this.#text(folders.work).#text(folders.store).#end();
  }

  attach(memory: number, bytes: number): number {
    return this.#begin(toWorker.attach).#word(memory).#long(bytes).#end();
  }

  detach(memory: number): number {
    return this.#begin(toWorker.detach).#word(memory).#end();
  }

  task({ token, kernel, params, rows, begin, end, inputs, outputs }: TaskFrame): number {
    this.#begin(toWorker.task).#long(token).#word(kernel).#word(inputs.length).#word(outputs.length);
    this.#word(params.memory).#long(params.offset).#long(params.bytes).#long(rows).#long(begin).#long(end);
    for (const { memory, stride, offset } of inputs) this.#word(memory).#word(stride).#long(offset);
    for (const place of outputs) this.#word(place?.memory ?? notWanted).#long(place?.offset ?? 0);
    return this.#end();
  }

  ping(): number {
    return this.#begin(toWorker.ping).#end();
  }

  #begin(kind: number): this {
    this.#at = 4;
    return this.#word(kind);
  }

  #word(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  #long(value: number): this {
    return this.#word(value % 2 ** 32).#word(Math.floor(value / 2 ** 32));
  }

  #text(text: string): this {
    const bytes = Buffer.from(text);
    this.#word(bytes.length);
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  #end(): number {
    this.#view.setUint32(0, this.#at, true);
    return this.#at;
  }
}
