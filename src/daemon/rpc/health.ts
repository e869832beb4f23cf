// grpc.health.v1: one state for every service, because they share one daemon. It tells its watchers when it stops and
// lets them go, so that none of them holds up the end of the process.
import type { sendUnaryData, Server, ServerUnaryCall, ServerWritableStream, StatusObject } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { Fault } from '../base/fault.js';
import { faultStatus } from './fault-status.js';

interface Question {
  readonly service: string;
}

interface Health {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

type Watch = ServerWritableStream<Question, Health>;

export class HealthService {
  /** "" stands for the daemon as a whole. */
  readonly #services: ReadonlySet<string>;
  readonly #watches = new Set<Watch>();
  #status: 'SERVING' | 'NOT_SERVING' = 'NOT_SERVING';

  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  addTo(server: Server): void {
    server.addService(service, {
      check: ({ request }: ServerUnaryCall<Question, Health>, done: sendUnaryData<Health>) => {
        if (this.#services.has(request.service)) done(null, { status: this.#status });
        else done(unknownService());
      },
      list: (_call: unknown, done: sendUnaryData<{ statuses: Record<string, Health> }>) => {
        const states = [...this.#services].map((name): [string, Health] => [name, { status: this.#status }]);
        done(null, { statuses: Object.fromEntries(states) });
      },
      watch: (call: Watch) => this.#watch(call),
    });
  }

  start(): void {
    this.#tell('SERVING');
  }

  /** Tells every watcher, and ends its stream. */
  stop(): void {
    this.#tell('NOT_SERVING');
    for (const watch of this.#watches) watch.end();
  }

  #watch(call: Watch): void {
    this.#watches.add(call);
    call.once('cancelled', () => this.#watches.delete(call));
    call.write({ status: this.#services.has(call.request.service) ? this.#status : 'SERVICE_UNKNOWN' });
    if (this.#status === 'NOT_SERVING') call.end();
  }

  #tell(status: 'SERVING' | 'NOT_SERVING'): void {
    this.#status = status;
    for (const watch of this.#watches) if (this.#services.has(watch.request.service)) watch.write({ status });
  }
}

function unknownService(): StatusObject {
  return faultStatus(new Fault('SERVICE_UNKNOWN', 'the daemon has no such service'), '');
}
