// The gRPC server: listeners of our own in front of grpc-js, so that the peer is known before the first HTTP/2 byte.
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { basename, resolve } from 'node:path';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import * as limits from '../base/limits.js';
import { exitCodes, StartFailure } from '../base/start-failure.js';
import type { HostAddon } from '../devices/host-addon.js';
import type { Regions } from '../memory/regions.js';
import { operations } from '../operations/index.js';
import type { StatusSource } from './admin-service.js';
import type { Rooms } from './call.js';
import { listenDescriptors } from './descriptor-socket.js';
import { addMethods } from './grpc-methods.js';
import { HealthService } from './health.js';
import { Identity } from './identity.js';
import { createInterceptor } from './interceptor.js';
import { createMethods } from './methods.js';
import { ReflectionService } from './reflection.js';
import { Sessions } from './session-service.js';
import { tune } from './tuning.js';
import { connectionOptions, listenUnix } from './unix-listener.js';

export interface ListenerSettings {
  /** Claimed by this process already. */
  readonly socket: string;
  /** The listening socket at that path, if the service manager opened it. */
  readonly descriptor: number | undefined;
  /** Loopback port, or undefined: no TCP. */
  readonly tcpPort: number | undefined;
}

export interface RpcOptions {
  readonly rooms: Rooms;
  readonly addon: HostAddon;
  readonly listeners: ListenerSettings;
  readonly status: Omit<StatusSource, 'connections'>;
}

const options: ServerOptions = {
  // Costs a fifth of the processor time of a call and keeps records of every connection.
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': limits.frameBytesMax,
  'grpc.max_concurrent_streams': limits.streamsPerConnectionMax,
  'grpc-node.max_session_memory': limits.sessionMegabytesMax,
  // A hung peer is found within a minute; a closed Unix socket is noticed at once.
  'grpc.keepalive_time_ms': 40_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

export class RpcServer {
  readonly identity: Identity;
  readonly #server: Server;
  readonly #sessions: Sessions;
  readonly #health = new HealthService(serviceNames());
  readonly #reflection = new ReflectionService();
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #listeners: NetServer[] = [];
  #descriptorSocket: string | undefined;

  private constructor({ rooms, addon, status }: RpcOptions) {
    this.identity = new Identity(addon, rooms.announce, rooms.regions);
    const interceptor = createInterceptor(this.identity, () => rooms.clock.wallMs());
    this.#server = new Server({ ...options, interceptors: [interceptor] });
    tune(this.#server);
    const source = {
      ...status,
      connections: () => this.identity.connections,
      descriptorSocket: () => this.#descriptorSocket,
    };
    const methods = createMethods(rooms, source);
    addMethods(this.#server, methods, this.identity);
    this.#sessions = new Sessions({ methods, identity: this.identity, clock: rooms.clock });
    this.#sessions.addTo(this.#server);
    this.#health.addTo(this.#server);
    this.#reflection.addTo(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  static async open(options: RpcOptions): Promise<RpcServer> {
    const server = new RpcServer(options);
    await server.#listen(options);
    server.#health.start();
    return server;
  }

  async #listen({ addon, rooms, listeners: { socket: path, descriptor, tcpPort } }: RpcOptions): Promise<void> {
    const accept = (admit: (socket: Socket) => boolean) => (socket: Socket) => {
      // A connection that is reset before grpc-js owns it must not end the process.
      socket.on('error', () => socket.destroy());
      if (admit(socket)) this.#injector.injectConnection(socket);
      else socket.destroy();
    };
    const onUnix = accept((socket) => this.identity.admitUnix(socket));
    this.#listeners.push(await listenUnix({ path, addon, isClaimed: true, descriptor, onConnection: onUnix }));
    await this.#listenDescriptors(path, { addon, regions: rooms.regions });
    if (tcpPort === undefined) return;
    this.#listeners.push(
      await listenLoopback(
        tcpPort,
        accept((socket) => this.identity.admitTcp(socket)),
      ),
    );
  }

  /** Port of the TCP listener, if there is one. */
  get tcpPort(): number | undefined {
    const address = this.#listeners.at(-1)?.address();
    return typeof address === 'object' && address ? address.port : undefined;
  }

  async #listenDescriptors(socket: string, rooms: { addon: HostAddon; regions: Regions }): Promise<void> {
    const path = `${resolve(socket)}.fd`;
    if (Buffer.byteLength(path) > limits.socketPathBytesMax) return;
    this.#listeners.push(await listenDescriptors({ ...rooms, path, identity: this.identity }));
    this.#descriptorSocket = basename(path);
  }

  /** Refuses new connections, tells health watchers, waits for calls in flight, then cuts what is left. */
  async close(graceMs: number): Promise<void> {
    this.#health.stop();
    this.#reflection.stop();
    for (const listener of this.#listeners) listener.close();
    this.#sessions.drain();
    await new Promise<void>((done) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        done();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        done();
      });
    });
  }
}

const serviceNames = (): ReadonlySet<string> =>
  new Set([
    'acceld.v1.AdminService',
    'acceld.v1.MemoryService',
    'acceld.v1.SessionService',
    ...operations.map(({ method }) => method.path.split('/')[1]!),
  ]);

function listenLoopback(port: number, onConnection: (socket: Socket) => void): Promise<NetServer> {
  return new Promise((done, reject) => {
    const server = createServer(connectionOptions, onConnection);
    server.once('error', (error) =>
      reject(new StartFailure(exitCodes.system, `cannot listen on 127.0.0.1:${port}: ${error.message}`)),
    );
    server.listen(port, '127.0.0.1', () => done(server));
  });
}
