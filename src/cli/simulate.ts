// `acceld simulate`: one option by Monte Carlo, with its progress.
import {
  Averaging,
  BarrierKind,
  Device,
  OptionType,
  StopReason,
  type CallOptions,
  type Client,
} from '../client/index.js';
import { UsageError } from './failure.js';
import { codes, expiries, flagName, numbers, only, type OptionFlags } from './flags.js';
import { ProgressBar } from './progress-bar.js';
import { duration, plain, receiptLine, wordOf } from './show.js';
import { jsonLine, table, type Terminal } from './terminal.js';

/** Flags as commander gives them. */
export interface SimulateFlags extends OptionFlags {
  readonly strike: string;
  readonly payoff: string;
  readonly averaging: string;
  readonly fixings?: string;
  readonly fixingYears?: string;
  readonly barrier?: string;
  readonly barrierKind?: string;
  readonly rebate?: string;
  readonly monitorings?: string;
  readonly paths?: string;
  readonly targetError?: string;
  readonly seconds?: string;
  readonly seed?: string;
  readonly antithetic?: boolean;
  readonly controlVariate?: boolean;
  readonly greeks?: boolean;
}

export type SimulateRequest = NonNullable<Parameters<Client['pricing']['simulate']>[0]>;
export type Progress =
  ReturnType<Client['pricing']['simulate']> extends AsyncGenerator<infer Message> ? Message : never;

/** Half a second on two cores. */
const defaultPathsMax = 1_048_576;

export function simulateRequest(flags: SimulateFlags): SimulateRequest {
  const one = <Name extends keyof SimulateFlags>(name: Name) =>
    flags[name] === undefined ? undefined : only(numbers(flags, name), name);
  const years = only(expiries(flags), flags.years === undefined ? 'days' : 'years');
  const isBounded = [flags.paths, flags.targetError, flags.seconds].some((bound) => bound !== undefined);
  const seconds = one('seconds');
  return {
    execution: { device: flags.device ? only(codes(flags, 'device', Device), 'device') : 0 },
    type: only(codes(flags, 'type', OptionType), 'type'),
    spot: one('spot'),
    strike: one('strike'),
    rate: one('rate'),
    dividendYield: one('dividendYield') ?? 0,
    volatility: one('volatility'),
    yearsToExpiry: years,
    payoff: payoffOf(flags, years),
    seed: whole(flags, 'seed') ?? 0n,
    pathsMax: whole(flags, 'paths') ?? (isBounded ? undefined : BigInt(defaultPathsMax)),
    targetError: one('targetError'),
    timeBudget: seconds === undefined ? undefined : durationOf(seconds),
    antithetic: flags.antithetic ?? false,
    controlVariate: flags.controlVariate ?? false,
    greeks: flags.greeks ?? false,
  } as SimulateRequest;
}

function payoffOf(flags: SimulateFlags, years: number): SimulateRequest['payoff'] {
  if (flags.payoff === 'european') return { $case: 'european', value: {} };
  if (flags.payoff === 'asian') {
    const averaging = only(codes(flags, 'averaging', Averaging), 'averaging');
    if ((flags.fixings === undefined) === (flags.fixingYears === undefined))
      throw new UsageError('an Asian option needs either --fixings or --fixing-years');
    const fixingYears = flags.fixings === undefined ? numbers(flags, 'fixingYears') : even(flags, 'fixings', years);
    return { $case: 'asian', value: { averaging, fixingYears: [...fixingYears] } };
  }
  if (flags.payoff === 'barrier') {
    const { barrier, barrierKind, rebate, monitorings } = flags;
    if (barrier === undefined || barrierKind === undefined || monitorings === undefined)
      throw new UsageError('a barrier option needs --barrier, --barrier-kind and --monitorings');
    const value = {
      kind: only(codes(flags, 'barrierKind', BarrierKind), 'barrierKind'),
      barrier: only(numbers(flags, 'barrier'), 'barrier'),
      rebate: rebate === undefined ? 0 : only(numbers(flags, 'rebate'), 'rebate'),
      monitoringYears: even(flags, 'monitorings', years),
    };
    return { $case: 'barrier', value };
  }
  throw new UsageError(`--payoff must be of european, asian, barrier, got ${JSON.stringify(flags.payoff)}`);
}

/** As many dates as the flag says, at even distances up to the expiry. */
function even(flags: SimulateFlags, name: 'fixings' | 'monitorings', years: number): number[] {
  const count = Number(whole(flags, name));
  if (count >= 1 && count <= 4_096) return Array.from({ length: count }, (_, index) => ((index + 1) / count) * years);
  throw new UsageError(`${flagName(name)} must be 1 to 4096, got ${count}`);
}

function whole(flags: SimulateFlags, name: 'fixings' | 'monitorings' | 'paths' | 'seed'): bigint | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new UsageError(`${flagName(name)} must be a whole number, got ${JSON.stringify(text)}`);
}

const durationOf = (seconds: number) => ({
  seconds: BigInt(Math.floor(seconds)),
  nanos: Math.round((seconds % 1) * 1e9) % 1e9,
});

/** How near the end is, 0 to 1, by whichever bound comes first. The error falls with the root of the paths. */
export function doneOf({ paths, standardError, elapsedNs }: Progress, request: SimulateRequest): number {
  const { pathsMax, targetError, timeBudget } = request;
  const budgetNs = timeBudget ? Number(timeBudget.seconds ?? 0) * 1e9 + (timeBudget.nanos ?? 0) : Infinity;
  return Math.max(
    pathsMax === undefined ? 0 : paths / Number(pathsMax),
    targetError === undefined || standardError === 0 ? 0 : (targetError / standardError) ** 2,
    elapsedNs / budgetNs,
  );
}

/** "5.8312 ± 0.0041 after 1,048,576 paths" */
export const estimateText = ({ estimate, standardError, paths }: Progress): string =>
  `${estimate.toPrecision(7)} ± ${standardError.toExponential(1)} after ${paths.toLocaleString('en')} paths`;

export interface Watched {
  readonly client: Client;
  readonly request: SimulateRequest;
  readonly options?: CallOptions;
}

/** Every message, the bar drawn on the way. */
export async function watch({ client, request, options = {} }: Watched, terminal: Terminal): Promise<Progress[]> {
  const bar = new ProgressBar(terminal);
  const messages: Progress[] = [];
  try {
    for await (const message of client.pricing.simulate(request, options)) {
      messages.push(message);
      bar.show(doneOf(message, request), estimateText(message));
    }
  } finally {
    bar.clear();
  }
  return messages;
}

export async function printJson({ client, request, options }: Watched, terminal: Terminal): Promise<void> {
  for await (const message of client.pricing.simulate(request, options)) {
    terminal.out(jsonLine({ ...(plain(message) as object), stopReason: StopReason[message.stopReason] }));
  }
}

export function printResult(last: Progress, terminal: Terminal): void {
  const { estimate, standardError, paths, elapsedNs, stopReason, delta, vega, receipt } = last;
  const values = [
    ['price', estimate, standardError],
    ['delta', delta, last.deltaStandardError],
    ['vega', vega, last.vegaStandardError],
  ] as const;
  const rows = values.flatMap(([name, value, error]) =>
    value === undefined ? [] : [[name, value.toFixed(6), (error ?? 0).toExponential(2)]],
  );
  terminal.out(`${table({ head: ['value', 'estimate', 'standard error'], rows, numbersFrom: 1 }, terminal)}\n`);
  const reason = wordOf(StopReason[stopReason] ?? '', 'STOP_REASON_').replaceAll('-', ' ');
  terminal.out(`${paths.toLocaleString('en')} paths in ${duration(elapsedNs)}, ended by: ${reason}\n`);
  if (receipt) terminal.out(`${receiptLine(receipt)}\n`);
}
