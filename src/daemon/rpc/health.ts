// grpc.health.v1: one state for every service, because they share one daemon. It tells its watchers when it stops and
// lets them go, so that none of them holds up the end of the process.
import type { sendUnaryData, Server, ServerUnaryCall, ServerWritableStream, StatusObject } from '@grpc/grpc-js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
  HealthListRequest,
  HealthListResponse,
} from '../../gen/grpc/health/v1/health.js';
import { Fault } from '../base/fault.js';
import { faultStatus } from './fault-status.js';

type Watch = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

const messagesOf = <Request, Response>(request: Codec<Request>, response: Codec<Response>) => ({
  requestSerialize: (message: Request) => Buffer.from(request.encode(message).finish()),
  requestDeserialize: (bytes: Buffer) => request.decode(bytes),
  responseSerialize: (message: Response) => Buffer.from(response.encode(message).finish()),
  responseDeserialize: (bytes: Buffer) => response.decode(bytes),
});
const check = messagesOf(HealthCheckRequest, HealthCheckResponse);
const list = messagesOf(HealthListRequest, HealthListResponse);

const service = {
  check: { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...check },
  list: { path: '/grpc.health.v1.Health/List', requestStream: false, responseStream: false, ...list },
  watch: { path: '/grpc.health.v1.Health/Watch', requestStream: false, responseStream: true, ...check },
};

export class HealthService {
  /** "" stands for the daemon as a whole. */
  readonly #services: ReadonlySet<string>;
  readonly #watches = new Set<Watch>();
  #status = Status.NOT_SERVING;

  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  addTo(server: Server): void {
    server.addService(service, {
      check: (
        { request }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
        done: sendUnaryData<HealthCheckResponse>,
      ) => {
        if (this.#services.has(request.service)) done(null, { status: this.#status });
        else done(unknownService());
      },
      list: (_call: unknown, done: sendUnaryData<HealthListResponse>) => {
        const states = [...this.#services].map((name): [string, HealthCheckResponse] => [
          name,
          { status: this.#status },
        ]);
        done(null, { statuses: new Map(states) });
      },
      watch: (call: Watch) => this.#watch(call),
    });
  }

  start(): void {
    this.#tell(Status.SERVING);
  }

  /** Tells every watcher, and ends its stream. */
  stop(): void {
    this.#tell(Status.NOT_SERVING);
    for (const watch of this.#watches) watch.end();
  }

  #watch(call: Watch): void {
    this.#watches.add(call);
    call.once('cancelled', () => this.#watches.delete(call));
    call.write({ status: this.#services.has(call.request.service) ? this.#status : Status.SERVICE_UNKNOWN });
    if (this.#status === Status.NOT_SERVING) call.end();
  }

  #tell(status: Status): void {
    this.#status = status;
    for (const watch of this.#watches) if (this.#services.has(watch.request.service)) watch.write({ status });
  }
}

function unknownService(): StatusObject {
  return faultStatus(new Fault('SERVICE_UNKNOWN', 'the daemon has no such service'), '');
}
