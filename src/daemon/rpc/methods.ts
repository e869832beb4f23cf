import { operations, roundsOperations } from '../operations/index.js';
import { admin, type StatusSource } from './admin-service.js';
import { answer, respondBy, type Incoming, type Rooms } from './call.js';
import { answerInRounds, type Send } from './rounds.js';

/** Answers one unary call. Rejects with a FailedCall and with nothing else. */
export type UnaryMethod = (incoming: Incoming) => Promise<Uint8Array>;

/** Answers one server-stream call through `send`, and resolves after the last message. Rejects with a FailedCall. */
export type StreamMethod = (incoming: Incoming, send: Send) => Promise<void>;

/** Every method by its path, for whatever front door a call came through. */
export interface Methods {
  readonly unary: ReadonlyMap<string, UnaryMethod>;
  readonly stream: ReadonlyMap<string, StreamMethod>;
}

export function createMethods(rooms: Rooms, status: StatusSource): Methods {
  const unary = new Map<string, UnaryMethod>();
  for (const operation of operations) {
    const respond = respondBy(operation);
    unary.set(operation.method.path, (incoming) => answer(operation.method, incoming, rooms, respond));
  }
  const { method, respond } = admin(rooms, status);
  unary.set(method.path, (incoming) => answer(method, incoming, rooms, respond));
  const stream = new Map<string, StreamMethod>();
  for (const operation of roundsOperations) {
    stream.set(operation.method.path, (incoming, send) => answerInRounds(operation, incoming, rooms, send));
  }
  return { unary, stream };
}
