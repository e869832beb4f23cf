// The text of the file that was accepted last, for a start on which the file is bad.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Each file has a copy of its own, so that two daemons of one user keep theirs apart. */
export function acceptedCopyOf(file: string, stateFolder: string): string {
  const name = createHash('sha256').update(resolve(file)).digest('hex').slice(0, 16);
  return join(stateFolder, `accepted-${name}.yaml`);
}

/** Whole or not at all, whenever the machine stops. Rejects with what the file system says. */
export async function keepAccepted(copy: string, text: string): Promise<void> {
  await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
  const draft = `${copy}.${process.pid}`;
  const file = await open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, copy);
}
