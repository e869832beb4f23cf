// Events to log lines. Never a value of a request: prices and positions stay out of logs.
import { pino, type Logger } from 'pino';
import { Device, Priority } from '../../gen/acceld/v1/execution.js';
import type { CallFinished, Event } from '../base/events.js';
import { faultKinds } from '../base/fault.js';
import { slowCallMs } from '../base/limits.js';
import { openLogFile, type LogDestination } from './log-file.js';

export interface LogSettings {
  readonly level: string;
  readonly sampleOneIn: number;
}

export interface LogOptions extends LogSettings {
  /** Undefined: standard output. */
  readonly file?: string | undefined;
}

/** Field names whose values never reach a log line, wherever an error object may carry them. */
const redacted = ['token', 'authorization', 'password', 'err.token', 'err.authorization', 'err.password'];

type Sink = Pick<LogDestination, 'write'> & Partial<LogDestination>;

export class Log {
  readonly #logger: Logger;
  readonly #destination: Sink;
  #settings: LogSettings;
  #quickCalls = 0;

  constructor(settings: LogOptions, destination: Sink = openLogFile(settings.file)) {
    this.#settings = settings;
    this.#destination = destination;
    this.#logger = pino({ level: settings.level, base: { pid: process.pid }, redact: redacted }, destination);
  }

  set settings(settings: LogSettings) {
    this.#settings = settings;
    this.#logger.level = settings.level;
  }

  /** After the file was moved away; false: there is no new one, and lines go on to the old. */
  reopen(): boolean {
    try {
      this.#destination.reopen?.();
      return true;
    } catch {
      return false;
    }
  }

  write(event: Event): void {
    if (event.kind !== 'call-finished') return logRare(this.#logger, event);
    if (event.outcome === 'OK' && event.totalNs < slowCallMs * 1e6) {
      this.#quickCalls += 1;
      if (this.#quickCalls % this.#settings.sampleOneIn !== 0) return;
    }
    logCall(this.#logger, event);
  }
}

function logCall(logger: Logger, event: CallFinished): void {
  const { kind: _kind, queueNs, computeNs, totalNs, message, ...facts } = event;
  const line = {
    ...facts,
    priority: Priority[event.priority],
    device: Device[event.device],
    queueUs: Math.round(queueNs / 1e3),
    computeUs: Math.round(computeNs / 1e3),
    totalUs: Math.round(totalNs / 1e3),
  };
  if (event.outcome === 'OK') logger.info(line, totalNs < slowCallMs * 1e6 ? 'call' : 'slow call');
  else if (faultKinds[event.outcome].status === 'INTERNAL') logger.error(line, `call failed: ${message}`);
  else logger.warn(line, `call failed: ${message}`);
}

function logRare(logger: Logger, event: Exclude<Event, CallFinished>): void {
  const { kind, ...facts } = event;
  switch (event.kind) {
    case 'bug':
      logger.error({ where: event.where, requestId: event.requestId, err: event.error }, 'bug');
      return;
    case 'warning':
      logger.warn(event.text);
      return;
    case 'connection-refused':
      logger.warn(facts, 'connection refused');
      return;
    case 'connection-opened':
    case 'connection-closed':
      logger.debug(facts, kind.replace('-', ' '));
      return;
    case 'worker-started':
    case 'worker-qualified':
    case 'worker-died': {
      const { kind: _kind, pid: workerPid, ...others } = event;
      const line = { ...others, workerPid };
      if (kind === 'worker-died') logger.warn(line, 'worker died');
      else logger.info(line, kind.replace('-', ' '));
      return;
    }
    case 'kernel-quarantined':
      logger.error({ ...facts, device: Device[event.device] }, 'kernel quarantined');
      return;
    case 'result-checked':
      logger.debug({ ...facts, device: Device[event.device] }, 'result checked');
      return;
    case 'worker-down':
    case 'compile-held':
    case 'voice-lost':
    case 'configuration-refused':
    case 'configuration-stale':
      logger.warn(facts, kind.replace('-', ' '));
      return;
    default:
      logger.info(facts, kind.replace('-', ' '));
  }
}
