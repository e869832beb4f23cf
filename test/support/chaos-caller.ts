// One of the callers of the chaos test: asks again and again, and checks every answer against an undisturbed run.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Averaging,
  connect,
  Device,
  Fallback,
  Fault,
  OptionModel,
  OptionType,
  Precision,
  Priority,
  type Client,
  type Receipt,
} from '../../src/client/index.js';

/** A call that was answered. */
export interface Answered {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly receipt: Receipt | undefined;
}

export interface Findings {
  readonly answered: Answered[];
  /** Calls that failed in a way that nothing allows. */
  readonly failures: string[];
  /** Codes of the calls that may not fall back. */
  readonly refusals: Map<string, number>;
}

/** A request with the bytes that it must have. */
interface Question {
  readonly expected: Uint8Array;
  readonly ask: (client: Client, fallback: Fallback) => Promise<{ bytes: Uint8Array; receipt: Receipt | undefined }>;
}

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function chain(rows: number, device: Device, priority: Priority) {
  const column = (of: (row: number) => number) => Float32Array.from({ length: rows }, (_, row) => of(row));
  return (client: Client, fallback: Fallback) =>
    client.pricing
      .priceOptions({
        execution: { device, fallback, priority, precision: Precision.PRECISION_F32 },
        model: OptionModel.OPTION_MODEL_BLACK_SCHOLES_MERTON,
        type: Uint8Array.from({ length: rows }, (_, row) => 1 + (row % 2)),
        spot: column((row) => 80 + (row % 41)),
        strike: column((row) => 70 + (row % 61)),
        rate: 0.03,
        volatility: column((row) => 0.1 + (row % 7) / 10),
        yearsToExpiry: column((row) => 0.1 + (row % 5)),
      })
      .then(({ price, receipt }) => ({ bytes: bytesOf(price!), receipt }));
}

function paths(device: Device, priority: Priority) {
  return async (client: Client, fallback: Fallback) => {
    const asian = { averaging: Averaging.AVERAGING_ARITHMETIC, fixingYears: [0.25, 0.5, 0.75, 1] };
    let last: { estimate: number; standardError: number; receipt?: Receipt | undefined } | undefined;
    for await (const message of client.pricing.simulate({
      execution: { device, fallback, priority },
      type: OptionType.OPTION_TYPE_CALL,
      spot: 100,
      strike: 100,
      rate: 0.03,
      volatility: 0.2,
      yearsToExpiry: 1,
      payoff: { $case: 'asian', value: asian },
      pathsMax: 300_000n,
    })) {
      last = message;
    }
    return { bytes: bytesOf(Float64Array.of(last!.estimate, last!.standardError)), receipt: last!.receipt };
  };
}

/** Every kind of question, with the answers of the CPU alone. */
export async function makeQuestions(socket: string): Promise<Question[]> {
  const client = connect({ socket });
  const kinds = [
    (device: Device) => chain(1, device, Priority.PRIORITY_ORDER),
    (device: Device) => chain(300, device, Priority.PRIORITY_INTERACTIVE),
    (device: Device) => chain(16_384, device, Priority.PRIORITY_INTERACTIVE),
    (device: Device) => chain(9_000, device, Priority.PRIORITY_BATCH),
    (device: Device) => paths(device, Priority.PRIORITY_BATCH),
  ];
  const questions: Question[] = [];
  for (const kind of kinds) {
    const { bytes: expected } = await kind(Device.DEVICE_CPU)(client, Fallback.FALLBACK_FORBID);
    for (const device of [Device.DEVICE_GPU, Device.DEVICE_AUTO]) questions.push({ expected, ask: kind(device) });
  }
  client.close();
  return questions;
}

/** Between 0 and 1, evenly, and never twice in the same rhythm. */
const spread = (turn: number): number => (turn * goldenRatio) % 1;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Milliseconds that a question takes one who asks each of them in turn, and nobody else asks. */
export async function aloneMs(socket: string, questions: readonly Question[]): Promise<number> {
  const client = connect({ socket });
  const rounds = 20;
  const ask = async (): Promise<void> => {
    for (const question of questions) await question.ask(client, Fallback.FALLBACK_FORBID);
  };
  await ask();
  const beganMs = performance.now();
  for (let round = 0; round < rounds; round += 1) await ask();
  client.close();
  return (performance.now() - beganMs) / (rounds * questions.length);
}

/** Asks until `endMs`, after pauses of `pauseMs` on average. */
export async function runCaller(
  socket: string,
  {
    questions,
    endMs,
    forbid,
    first,
    pauseMs,
  }: { questions: readonly Question[]; endMs: number; forbid: boolean; first: number; pauseMs: number },
): Promise<Findings> {
  // A caller that may not fall back sees every refusal.
  const client = connect({ socket, retry: { attemptsMax: 1 } });
  const findings: Findings = { answered: [], failures: [], refusals: new Map() };
  const fallback = forbid ? Fallback.FALLBACK_FORBID : Fallback.FALLBACK_ALLOW;
  for (let turn = first; performance.now() < endMs; turn += 1) {
    if (pauseMs > 0) await sleep(2 * pauseMs * spread(turn));
    const { expected, ask } = questions[turn % questions.length]!;
    const beganMs = performance.now();
    try {
      const { bytes, receipt } = await ask(client, fallback);
      assert.deepEqual(bytes, expected, 'other bits than those of the CPU');
      checkReceipt(receipt, forbid);
      findings.answered.push({ beganMs, endedMs: performance.now(), receipt });
    } catch (error) {
      note(findings, error, forbid);
    }
  }
  client.close();
  return findings;
}

function checkReceipt(receipt: Receipt | undefined, forbid: boolean): void {
  assert.ok(receipt?.reproducible);
  const isGpu = receipt.device === Device.DEVICE_GPU;
  assert.equal(receipt.engine, isGpu ? 'opencl' : 'own');
  if (isGpu) assert.equal(receipt.fallback, undefined);
  else if (receipt.fallback) assert.match(receipt.fallback.reason, /GPU (failed|is down)/);
  if (forbid) assert.equal(receipt.fallback, undefined);
}

/** Where fallback is forbidden, a dead device is said, and how soon to try again. */
function note({ failures, refusals }: Findings, error: unknown, forbid: boolean): void {
  const isFault = error instanceof Fault;
  const isAllowed =
    (isFault && error.code === 'DEVICE_UNAVAILABLE' && error.retryable && error.retryAfterMs !== undefined) ||
    (isFault && error.code === 'JOB_QUARANTINED' && !error.retryable);
  if (forbid && isAllowed) refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
  else failures.push(isFault ? `${error.code}: ${error.message}` : String(error));
}
