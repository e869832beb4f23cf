// Server reflection from the descriptors of the package. What @grpc/reflection lacks is added at its door: it answers
// without looking whether anybody reads, keeps its streams open for ever, and indexes plain objects by clients' words.
import { readFileSync } from 'node:fs';
import type { Server, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService as Library } from '@grpc/reflection';

const descriptorSet = new URL('../../../proto/descriptor.binpb', import.meta.url);

type Stream = ServerDuplexStream<unknown, unknown>;
type Answer = (stream: Stream) => void;

export class ReflectionService {
  readonly #library: Library;
  readonly #streams = new Set<Stream>();

  constructor() {
    this.#library = new Library(loadFileDescriptorSetFromBuffer(readFileSync(descriptorSet)));
    for (const version of Object.values(this.#library) as Record<string, object>[]) {
      for (const index of ['files', 'symbols', 'services', 'extensions']) Object.setPrototypeOf(version[index], null);
    }
  }

  addTo(server: Server): void {
    this.#library.addToServer({
      addService: (definition, implementation) => server.addService(definition, this.#guard(implementation)),
    });
  }

  stop(): void {
    for (const stream of this.#streams) stream.end();
  }

  #guard({ ServerReflectionInfo: answer }: UntypedServiceImplementation): UntypedServiceImplementation {
    return {
      ServerReflectionInfo: (stream: Stream) => {
        this.#streams.add(stream);
        stream.once('cancelled', () => this.#streams.delete(stream));
        pace(stream);
        (answer as Answer)(stream);
      },
    };
  }
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
