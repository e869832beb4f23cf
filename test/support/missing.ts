import { spawnSync } from 'node:child_process';
import { Test, type Context } from 'mocha';

/**
 * For a test that needs a program or module which `npm run setup` installs: skips with one line that names the missing
 * part, and fails where CI is set, because a skip there would hide an untested promise.
 */
export function needs(context: Context, part: string, present: boolean): void {
  if (present) return;
  const line = `missing: ${part} (npm run setup installs it)`;
  if (process.env['CI']) throw new Error(line);
  console.error(`      ${line}`);
  context.skip();
}

/** Whether a command runs and exits 0. */
export function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** For a test, or in a hook for all of its suite, that this machine cannot run whatever is installed: skips it. */
export function notHere(context: Context, fact: string): never {
  console.error(`      not on this machine: ${fact}`);
  const runnable = context.runnable();
  const tests = runnable instanceof Test ? [runnable] : (runnable.parent?.tests ?? []);
  for (const test of tests) Object.assign(test, { isNotHere: true });
  return context.skip();
}
