// HTTP/2 without gRPC: what no honest client sends.
import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';

/** A session over the daemon's socket. Errors of it are the test's to see as `closed`. */
export function openSession(socket: string): ClientHttp2Session {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  session.on('error', () => undefined);
  return session;
}

export function openSocket(path: string): Promise<Socket> {
  return new Promise((done, reject) => {
    const socket = connect(path, () => done(socket));
    socket.on('error', reject);
  });
}

/** The stream of a call whose message the test writes itself. */
export function openStream(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  return stream;
}

export interface Ending {
  /** Number of the gRPC status; NaN: the stream ended without one. */
  readonly status: number;
  readonly http: number;
  readonly bytes: number;
}

/** Reads the stream to its end. */
export function endOf(stream: ClientHttp2Stream): Promise<Ending> {
  let http = 0;
  let status = NaN;
  let bytes = 0;
  const note = (headers: Readonly<Record<string, unknown>>): void => {
    if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
  };
  return new Promise((done) => {
    stream.on('response', (headers) => {
      http = Number(headers[constants.HTTP2_HEADER_STATUS]);
      note(headers);
    });
    stream.on('trailers', note);
    stream.on('data', (piece: Buffer) => (bytes += piece.length));
    // A stream that the daemon ended stays half open until the test ends its own side.
    for (const event of ['end', 'close']) stream.once(event, () => setImmediate(() => done({ status, http, bytes })));
  });
}
