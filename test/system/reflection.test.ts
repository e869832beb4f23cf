// Server reflection (src/daemon/rpc/reflection.ts), as grpcurl and Postman use it: in both versions every service, and descriptors that describe it.
import assert from 'node:assert/strict';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { catalog } from '../../src/gen/catalog.js';
import { startDaemon, type RunningDaemon } from '../support/daemon.js';
import { RawClient } from '../support/raw-client.js';
import { assertUnharmed } from '../support/unharmed.js';
import { field } from '../support/wire.js';

/** Contents of the fields of that number, of a message in a message in a message. */
function contents(bytes: Uint8Array, ...[number, ...rest]: number[]): Uint8Array[] {
  if (number === undefined) return [bytes];
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [each, type] = reader.tag();
    if (each === number) found.push(...contents(reader.bytes(), ...rest));
    else reader.skip(type, each);
  }
  return found;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('reflection', () => {
  let daemon: RunningDaemon;
  let client: RawClient;
  before(async () => {
    daemon = await startDaemon();
    client = new RawClient(daemon.socket);
  });
  afterEach(() => assertUnharmed(daemon, { connections: 1 }));
  after(async () => {
    client.close();
    await daemon.stop();
  });

  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

    it(`${version} lists every service`, async () => {
      // list_services = 7; in the reply list_services_response = 6, service = 1, name = 1.
      const { status, replies } = await client.converse(path, [field(7, '*')]);
      assert.equal(status, 'OK');
      const names = contents(replies[0]!, 6, 1, 1).map(text);
      const methods = Object.values<Readonly<Record<string, { readonly path: string }>>>(catalog).flatMap(
        Object.values,
      );
      const ours = methods.map((method: { readonly path: string }) => method.path.split('/')[1]!);
      for (const name of new Set(ours)) assert.ok(names.includes(name), `${name} is missing in ${names.join(', ')}`);
    });

    it(`${version} describes a method's messages and everything they refer to`, async () => {
      // file_containing_symbol = 4; in the reply file_descriptor_response = 4, file_descriptor_proto = 1.
      const symbols = ['acceld.v1.PricingService', 'acceld.v1.PricingService.PriceOptions', 'acceld.v1.Tensor'];
      const { status, replies } = await client.converse(
        path,
        symbols.map((symbol) => field(4, symbol)),
      );
      assert.equal(status, 'OK');
      const files = replies.map((reply) => contents(reply, 4, 1));
      // FileDescriptorProto: message_type = 4, DescriptorProto.name = 1.
      const messages = files.map((each) => each.flatMap((file) => contents(file, 4, 1)).map(text));
      for (const name of ['PriceOptionsRequest', 'PriceOptionsResponse', 'Receipt', 'Tensor']) {
        assert.ok(messages[0]!.includes(name), name);
      }
      assert.ok(messages[2]!.includes('Tensor'));
    });
  }

  it('has every file that a file of it depends on', async () => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const { replies } = await client.converse(path, [field(4, 'acceld.v1.PricingService')]);
    // FileDescriptorProto: name = 1, dependency = 3.
    const files = contents(replies[0]!, 4, 1);
    const wanted = files.flatMap((file) => contents(file, 3).map(text));
    for (const name of [...wanted, ...files.map((file) => text(contents(file, 1)[0]!))]) {
      const answer = await client.converse(path, [field(3, name)]);
      assert.equal(text(contents(answer.replies[0]!, 4, 1, 1)[0]!), name);
    }
  });
});
