// Settings of HTTP/2 that grpc-js and Node.js do not expose. They reach into private fields of pinned versions; a test
// opens a connection and checks that they took effect, so that an update cannot lose them silently.
import type { Http2Server, Http2Session, Http2Stream, ServerOptions as Http2Options } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { deadSessionsMs, headerBytesMax, invalidFramesMax, windowBytes } from '../base/limits.js';

interface Internals {
  commonServerOptions: Http2Options & { maxSessionInvalidFrames?: number };
  _setupHandlers(server: Http2Server, extra: unknown): void;
}

/** Calls `act` once the stream of a call is closed: grpc-js itself tells the end of a call while bytes still wait to be read. */
export function onStreamClosed(call: object, act: () => void): void {
  const { stream } = (call as { call: { stream: Http2Stream } }).call;
  if (stream.closed) act();
  else stream.once('close', act);
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
  /** Each with whether it was dead when last looked at. */
  const sessions = new Map<Http2Session, boolean>();
  const setUpHandlers = internals._setupHandlers.bind(server);
  internals._setupHandlers = (http2, extra) => {
    setUpHandlers(http2, extra);
    http2.on('session', (session) => {
      session.setLocalWindowSize(windowBytes);
      sessions.set(session, false);
      session.once('close', () => sessions.delete(session));
    });
  };
  setInterval(() => endDead(sessions), deadSessionsMs).unref();
}

/** One that closes in good order is dead too while its last bytes are on their way: they have until the next look. */
function endDead(sessions: Map<Http2Session, boolean>): void {
  for (const [session, wasDead] of sessions) {
    const isStillDead = isDead(session);
    if (isStillDead && wasDead) session.destroy();
    else sessions.set(session, isStillDead);
  }
}

/**
 * After a frame that breaks the protocol, nghttp2 will neither read nor write, and Node.js leaves the socket open, blind
 * to a client that closes it: a thousand such connections would lock everybody out.
 */
function isDead(session: Http2Session): boolean {
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kHandle');
  const { [key!]: handle } = session as unknown as Record<symbol, { hasPendingData(): boolean } | undefined>;
  return handle !== undefined && !handle.hasPendingData();
}
