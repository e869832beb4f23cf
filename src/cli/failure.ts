// Every way in which a command ends badly: one clear line, one more for each violation, an exit code, never a stack.
import { CommanderError } from 'commander';
import { Fault } from '../client/index.js';
import { exitCodes } from './exit-codes.js';
import { clean, type Terminal } from './terminal.js';

/** The arguments are wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    /** Further lines, one per thing that is wrong. */
    readonly lines: readonly string[] = [],
  ) {
    super(message);
  }
}

/** A command cannot do its work for a reason that is neither the arguments nor the daemon's answer. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** Prints the failure and returns the exit code. */
export function report(error: unknown, terminal: Terminal): number {
  const say = (line: string) => terminal.error(`${clean(line)}\n`);
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof UsageError) {
    say(`acceld: ${error.message}`);
    error.lines.forEach((line) => say(`  ${line}`));
    return exitCodes.usage;
  }
  if (error instanceof Fault) return reportFault(error, say);
  if (error instanceof CommandFailure) {
    say(`acceld: ${error.message}`);
    return exitCodes.callFailed;
  }
  say(`acceld: bug: ${error instanceof Error ? error.message : String(error)}`);
  return exitCodes.internal;
}

function reportFault(fault: Fault, say: (line: string) => void): number {
  say(`acceld: ${fault.code}: ${fault.message}${fault.requestId ? ` (request ${fault.requestId})` : ''}`);
  fault.violations.forEach(({ field, description }) => say(`  ${field}: ${description}`));
  fault.quota.forEach(({ subject, description }) => say(`  ${subject}: ${description}`));
  if (fault.code === 'DAEMON_UNREACHABLE') say('  start it with: acceld serve, or name its socket with --socket PATH');
  return fault.code === 'DAEMON_UNREACHABLE' ? exitCodes.unreachable : exitCodes.callFailed;
}
