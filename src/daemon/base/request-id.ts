import { randomUUID } from 'node:crypto';
import { requestIdLengthMax } from './limits.js';

const printable = new RegExp(`^[\\x21-\\x7e]{1,${requestIdLengthMax}}$`);

/** The client's own id where it is printable and short, a new UUIDv7 otherwise: an odd id is no reason to lose a call. */
export function requestId(fromClient: unknown, wallMs: number): string {
  if (typeof fromClient === 'string' && printable.test(fromClient)) return fromClient;
  const ms = Math.trunc(wallMs);
  if (ms !== prefix.ms) prefix = { ms, text: timePrefix(ms) };
  return prefix.text + randomUUID().slice(15);
}

/** Of the last id: many are made within a millisecond, and V8 writes a number of this size slowly. */
let prefix = { ms: -1, text: '' };

function timePrefix(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7`;
}
