// Runs the daemon's program to its end, for starts that must fail.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/acceld', import.meta.url));
/** A start that neither fails nor is expected to serve is ended here. */
const runMsMax = 15_000;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Run as this user and its group, without capabilities: needs root. */
  readonly uid?: number;
}

/** What the program said and its exit code. Only the environment that is given, and a PATH. */
export async function runProgram(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { uid } = options;
  const environment = { PATH: process.env['PATH'], HOME: tmpdir(), ...options.environment };
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(process.execPath, [program, ...args], { env: environment, timeout: runMsMax, ...user });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => (texts[name] += piece));
  }
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code) => done({ code, ...texts }));
  });
}

/** A directory of the test's own that goes with `remove`. */
export function scratch(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'acceld-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function writeConfig(directory: string, text: string): string {
  const path = join(directory, 'settings.yaml');
  writeFileSync(path, text);
  return path;
}
