import { catalog } from '../../gen/catalog.js';
import { operations, roundsOperations } from '../operations/index.js';
import { adminMethods, type StatusSource } from './admin-service.js';
import { answer, respondBy, type Incoming, type Rooms } from './call.js';
import { download, memoryMethods, upload, type MappingSource } from './memory-service.js';
import { answerInRounds, type Send } from './rounds.js';

/** Answers one unary call. Rejects with a FailedCall and with nothing else. */
export type UnaryMethod = (incoming: Incoming) => Promise<Uint8Array>;

/**
 * Answers one server-stream call through `send`, and resolves after the last message. Rejects with a FailedCall. `drained`
 * resolves when a client that did not keep up takes more, or is gone.
 */
export type StreamMethod = (incoming: Incoming, send: Send, drained: () => Promise<void>) => Promise<void>;

/** Answers one client-stream call, whose first message is that of `incoming`. Rejects with a FailedCall. */
export type ClientStreamMethod = (incoming: Incoming, rest: AsyncIterable<Uint8Array>) => Promise<Uint8Array>;

/** Every method by its path, for whatever front door a call came through. */
export interface Methods {
  readonly unary: ReadonlyMap<string, UnaryMethod>;
  readonly stream: ReadonlyMap<string, StreamMethod>;
  readonly clientStream: ReadonlyMap<string, ClientStreamMethod>;
}

export function createMethods(rooms: Rooms, status: StatusSource & MappingSource): Methods {
  const unary = new Map<string, UnaryMethod>([...memoryMethods(rooms, status), ...adminMethods(rooms, status)]);
  for (const operation of operations) {
    const respond = respondBy(operation);
    unary.set(operation.method.path, (incoming) => answer(operation.method, incoming, rooms, respond));
  }
  const stream = new Map<string, StreamMethod>();
  for (const operation of roundsOperations) {
    stream.set(operation.method.path, (incoming, send) => answerInRounds(operation, incoming, rooms, send));
  }
  const { download: downloading, upload: uploading } = catalog.memory;
  stream.set(downloading.path, (incoming, send, drained) => download(incoming, rooms, { send, drained }));
  const clientStream = new Map([
    [uploading.path, (incoming: Incoming, rest: AsyncIterable<Uint8Array>) => upload(incoming, rooms, rest)],
  ]);
  return { unary, stream, clientStream };
}
