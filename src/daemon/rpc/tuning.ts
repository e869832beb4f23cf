// Settings of HTTP/2 that grpc-js does not expose. They reach into private fields of the pinned version; a test opens a
// connection and checks that they took effect, so that an update of grpc-js cannot lose them silently.
import type { Http2Server, ServerOptions as Http2Options } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { headerBytesMax, invalidFramesMax, windowBytes } from '../base/limits.js';

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
  const setUpHandlers = internals._setupHandlers.bind(server);
  internals._setupHandlers = (http2, extra) => {
    setUpHandlers(http2, extra);
    http2.on('session', (session) => session.setLocalWindowSize(windowBytes));
  };
}
