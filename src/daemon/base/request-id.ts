import { randomUUID } from 'node:crypto';
import { requestIdLengthMax } from './limits.js';

const printable = new RegExp(`^[\\x21-\\x7e]{1,${requestIdLengthMax}}$`);

/** The client's own id where it is printable and short, a new UUIDv7 otherwise: an odd id is no reason to lose a call. */
export function requestId(fromClient: unknown, wallMs: number): string {
  if (typeof fromClient === 'string' && printable.test(fromClient)) return fromClient;
  const time = Math.trunc(wallMs).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
