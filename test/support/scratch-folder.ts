import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];
process.on('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder of the test's own, by its real path, that goes with the process. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), `acceld-${name}-`));
  made.push(folder);
  return folder;
}
