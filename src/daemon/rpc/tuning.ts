// Settings of HTTP/2 that grpc-js and Node.js do not expose. They reach into private fields of pinned versions; a test
// opens a connection and checks that they took effect, so that an update cannot lose them silently.
import type { Http2Server, Http2Session, ServerOptions as Http2Options } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { deadSessionsMs, headerBytesMax, invalidFramesMax, windowBytes } from '../base/limits.js';

interface Internals {
  commonServerOptions: Http2Options & { maxSessionInvalidFrames?: number };
  _setupHandlers(server: Http2Server, extra: unknown): void;
}

export function tune(server: Server): void {
  const internals = server as unknown as Internals;
  const { commonServerOptions } = internals;
  commonServerOptions.maxSessionInvalidFrames = invalidFramesMax;
  commonServerOptions.settings = {
    ...commonServerOptions.settings,
    initialWindowSize: windowBytes,
    maxHeaderListSize: headerBytesMax,
  };
  const sessions = new Set<Http2Session>();
  const setUpHandlers = internals._setupHandlers.bind(server);
  internals._setupHandlers = (http2, extra) => {
    setUpHandlers(http2, extra);
    http2.on('session', (session) => {
      session.setLocalWindowSize(windowBytes);
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    });
  };
  setInterval(() => {
    for (const session of sessions) if (isDead(session)) session.destroy();
  }, deadSessionsMs).unref();
}

/**
 * After a frame that breaks the protocol, nghttp2 will neither read nor write, and Node.js leaves the socket open, blind
 * to a client that closes it: a thousand such connections would lock everybody out.
 */
function isDead(session: Http2Session): boolean {
  // One that closes in good order may still have bytes on their way: Node.js ends it itself.
  if (session.closed) return false;
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kHandle');
  const { [key!]: handle } = session as unknown as Record<symbol, { hasPendingData(): boolean } | undefined>;
  return handle !== undefined && !handle.hasPendingData();
}
