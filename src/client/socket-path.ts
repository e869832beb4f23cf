import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the daemon listens unless it is told otherwise. The daemon has the same default. */
export function defaultSocketPath(): string {
  const chosen = process.env['ACCELD_SOCKET'];
  if (chosen) return chosen;
  if (process.platform === 'darwin') return join(homedir(), 'Library/Application Support/acceld/run/acceld.sock');
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return runtime ? join(runtime, 'acceld/acceld.sock') : join(homedir(), '.acceld/run/acceld.sock');
}
