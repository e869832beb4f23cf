// The peer of the server rows: grpc-js tuned as the daemon tunes it and nothing else. It decodes the same request and encodes a reply
// that the daemon gave earlier, without looking at either.
//
//   echo-server.mjs SOCKET ROWS=REPLY_FILE... [session=REPLY_FILE]
import { readFileSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { tune } from '../dist/daemon/rpc/tuning.js';
import { OpenRequest, OpenResponse } from '../dist/gen/acceld/v1/session_service.js';
import { catalog } from '../dist/gen/catalog.js';

const { path, request, response } = catalog.pricing.priceOptions;
const [socket, ...replyFiles] = process.argv.slice(2);
const sessionReply = replyFiles.find((argument) => argument.startsWith('session='))?.slice('session='.length);
const replies = new Map(
  replyFiles
    .filter((argument) => !argument.startsWith('session='))
    .map((argument) => {
      const [rows, file] = argument.split('=');
      return [Number(rows), response.decode(readFileSync(file))];
    }),
);

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const service = {
  priceOptions: {
    path,
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes) => request.decode(bytes),
    requestSerialize: () => undefined,
    responseSerialize: (message) => asBuffer(response.encode(message).finish()),
    responseDeserialize: () => undefined,
  },
};

const session = {
  open: {
    path: '/acceld.v1.SessionService/Open',
    requestStream: true,
    responseStream: true,
    requestDeserialize: (bytes) => OpenRequest.decode(bytes),
    requestSerialize: () => undefined,
    responseSerialize: (message) => asBuffer(OpenResponse.encode(message).finish()),
    responseDeserialize: () => undefined,
  },
};

const server = new Server({ 'grpc.enable_channelz': 0 });
tune(server);
server.addService(service, {
  priceOptions: (call, answer) => answer(null, replies.get(call.request.strike.shape[0])),
});
if (sessionReply !== undefined) {
  const reply = OpenResponse.decode(readFileSync(sessionReply));
  server.addService(session, {
    open: (stream) => {
      stream.on('data', () => stream.write(reply));
      stream.on('end', () => stream.end());
    },
  });
}
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log('serving');
});
process.on('SIGTERM', () => process.exit(0));
