// The HTTP port: health and aggregate metrics, for this machine's eyes only. No browser page may use it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exitCodes, StartFailure } from '../base/start-failure.js';

export interface ConsoleSources {
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
  readonly ready: () => boolean;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

export class Console {
  readonly #server: Server;

  private constructor(sources: ConsoleSources) {
    this.#server = createServer(
      // A scraper sends a few hundred bytes and reads at once.
      { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 30_000 },
      (request, response) => void respond(request, response, sources),
    );
    this.#server.maxConnections = 64;
  }

  static open(port: number, sources: ConsoleSources): Promise<Console> {
    const console = new Console(sources);
    return new Promise((done, reject) => {
      console.#server.once('error', (error) =>
        reject(new StartFailure(exitCodes.system, `cannot listen on http://127.0.0.1:${port}: ${error.message}`)),
      );
      console.#server.listen(port, '127.0.0.1', () => done(console));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  close(): Promise<void> {
    return new Promise((done) => {
      this.#server.close(() => done());
      this.#server.closeAllConnections();
    });
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, sources: ConsoleSources): Promise<void> {
  request.resume();
  let answer: Answer;
  try {
    answer = refusal(request) ?? (await route(request, sources));
  } catch {
    answer = { status: 500, body: 'internal error\n' };
  }
  const { status, body, type = 'text/plain; charset=utf-8' } = answer;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A foreign Host is DNS rebinding, a foreign Origin is a web page: both come from a browser that was tricked. */
function refusal({ headers, method }: IncomingMessage): Answer | undefined {
  const host = /^(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?$/i;
  if (!host.test(headers.host ?? '')) return { status: 421, body: 'wrong host\n' };
  const isForeign = headers.origin !== undefined || headers['sec-fetch-site'] === 'cross-site';
  if (isForeign) return { status: 403, body: 'not for web pages\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET\n' };
  return undefined;
}

async function route({ url }: IncomingMessage, sources: ConsoleSources): Promise<Answer> {
  switch (url) {
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz':
      return sources.ready() ? { status: 200, body: 'ready\n' } : { status: 503, body: 'stopping\n' };
    case '/metrics':
      return { status: 200, body: await sources.metrics(), type: sources.metricsType };
    default:
      return { status: 404, body: 'not found\n' };
  }
}
