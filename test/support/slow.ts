// Work that lasts long enough to be seen waiting and running, however fast the machine.
import { Priority } from '../../src/gen/acceld/v1/execution.js';
import type { DaemonSettings } from './daemon.js';
import { codes, encoded, heavy } from './pricing.js';

/** The baseline of x86-64 has no fused multiply-add: computing it in software takes a microsecond a row. */
const hasSlowKernels = process.arch === 'x64';
const rows = 16_384;

/** One thread, so that jobs queue. */
export const slowDaemon: DaemonSettings = {
  config: 'cpu: { threads: 1 }',
  testBuild: true,
  environment: hasSlowKernels ? { ACCELD_FORCE_ISA: 'x86-64' } : {},
};

/** About 15 ms of work for that daemon; elsewhere the heaviest request there is. */
export function slow(priority = Priority.PRIORITY_BATCH): Uint8Array {
  if (!hasSlowKernels) return heavy(priority);
  const execution = { device: 0, fallback: 0, precision: 0, priority, validateOnly: false };
  return encoded({ execution, type: codes(...new Uint8Array(rows).fill(1)) });
}
