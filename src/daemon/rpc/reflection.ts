// Server reflection from the descriptors of the package. Its libraries take longer to load than all the rest of the daemon
// and mostly nobody asks, so they come with the first question; it holds up the event loop for 0.3 s, once. What
// @grpc/reflection lacks is added at its door: it answers without looking whether anybody reads, keeps its streams open
// for ever, and indexes plain objects by clients' words.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Server, ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type * as Loader from '@grpc/proto-loader';
import type * as Reflection from '@grpc/reflection';

const descriptorSet = new URL('../../../proto/descriptor.binpb', import.meta.url);

type Stream = ServerDuplexStream<unknown, unknown>;
type Answer = (stream: Stream) => void;
type Messages = Pick<
  ServiceDefinition[string],
  'requestSerialize' | 'requestDeserialize' | 'responseSerialize' | 'responseDeserialize'
>;

interface Version {
  readonly messages: Messages;
  readonly answer: Answer;
}

const names = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;
const method = 'ServerReflectionInfo';

export class ReflectionService {
  readonly #streams = new Set<Stream>();
  #versions: ReadonlyMap<string, Version> | undefined;

  addTo(server: Server): void {
    for (const name of names) {
      const messages = (): Messages => this.#version(name).messages;
      const definition = {
        path: `/${name}/${method}`,
        requestStream: true,
        responseStream: true,
        requestSerialize: (value: unknown) => messages().requestSerialize(value),
        requestDeserialize: (bytes: Buffer): unknown => messages().requestDeserialize(bytes),
        responseSerialize: (value: unknown) => messages().responseSerialize(value),
        responseDeserialize: (bytes: Buffer): unknown => messages().responseDeserialize(bytes),
      };
      server.addService({ [method]: definition }, { [method]: (stream: Stream) => this.#serve(name, stream) });
    }
  }

  stop(): void {
    for (const stream of this.#streams) stream.end();
  }

  #serve(name: string, stream: Stream): void {
    this.#streams.add(stream);
    stream.once('cancelled', () => this.#streams.delete(stream));
    pace(stream);
    this.#version(name).answer(stream);
  }

  #version(name: string): Version {
    this.#versions ??= loadVersions();
    return this.#versions.get(name)!;
  }
}

function loadVersions(): ReadonlyMap<string, Version> {
  const require = createRequire(import.meta.url);
  const { loadFileDescriptorSetFromBuffer } = require('@grpc/proto-loader') as typeof Loader;
  const { ReflectionService: Library } = require('@grpc/reflection') as typeof Reflection;
  const library = new Library(loadFileDescriptorSetFromBuffer(readFileSync(descriptorSet)));
  for (const version of Object.values(library) as Record<string, object>[]) {
    for (const index of ['files', 'symbols', 'services', 'extensions']) Object.setPrototypeOf(version[index], null);
  }
  const versions = new Map<string, Version>();
  library.addToServer({
    addService: (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => {
      const messages = definition[method]!;
      versions.set(messages.path.split('/')[1]!, { messages, answer: implementation[method] as Answer });
    },
  });
  return versions;
}

/** Reads the next question when the client has taken the answers so far. */
function pace(stream: Stream): void {
  const write = stream.write.bind(stream) as (message: unknown) => boolean;
  stream.write = (message: unknown) => {
    const hasRoom = write(message);
    if (!hasRoom) {
      stream.pause();
      stream.once('drain', () => stream.resume());
    }
    return hasRoom;
  };
}
