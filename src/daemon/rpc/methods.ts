import { operations } from '../operations/index.js';
import { admin, type StatusSource } from './admin-service.js';
import { answer, respondBy, type Incoming, type Rooms } from './call.js';

/** Answers one unary call. Rejects with a FailedCall and with nothing else. */
export type UnaryHandler = (incoming: Incoming) => Promise<Uint8Array>;

/** Every method by its path, for whatever front door a call came through. */
export type Handlers = ReadonlyMap<string, UnaryHandler>;

export function createHandlers(rooms: Rooms, status: StatusSource): Handlers {
  const handlers = new Map<string, UnaryHandler>();
  for (const operation of operations) {
    const respond = respondBy(operation);
    handlers.set(operation.method.path, (incoming) => answer(operation.method, incoming, rooms, respond));
  }
  const { method, respond } = admin(rooms, status);
  handlers.set(method.path, (incoming) => answer(method, incoming, rooms, respond));
  return handlers;
}
