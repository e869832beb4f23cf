// `acceld call METHOD JSON`: any method of the API by its name that takes one request.
import { readFileSync } from 'node:fs';
import type { Client } from '../client/index.js';
import { catalog } from '../gen/catalog.js';
import { Api, type AnyMethod } from './api.js';
import { UsageError } from './failure.js';
import { JsonMessage, withArrays } from './json-message.js';
import type { Terminal } from './terminal.js';

interface CatalogMethod {
  readonly path: string;
  readonly requestColumns: Readonly<Record<string, string | null>>;
}

/** What `call` will do, known before it connects: a wrong name or wrong JSON never reaches the daemon. */
export interface PreparedCall {
  readonly method: AnyMethod;
  readonly request: Uint8Array;
  reply(bytes: Uint8Array): Readonly<Record<string, unknown>>;
}

export function prepareCall(name: string, json: string, terminal: Terminal): PreparedCall {
  const api = new Api();
  const method = api.method(name);
  if (method.requestStream) throw new UsageError(`${method.path} takes a stream of requests: call sends one`);
  const columns = methodsOfCatalog().find(({ path }) => path === method.path)?.requestColumns ?? {};
  const { message, problems } = new JsonMessage(api, columns).check(parse(json, terminal), typeOf(method.requestType));
  if (problems.length > 0) throw new UsageError('the JSON does not fit the request:', problems);
  return {
    method,
    request: method.requestSerialize(message),
    reply: (bytes) => {
      const reply = method.responseDeserialize(Buffer.from(bytes)) as Readonly<Record<string, unknown>>;
      return withArrays(reply, api.fields(typeOf(method.responseType)) ?? []);
    },
  };
}

/** Its reply; of a stream one after the other, as they come. */
export async function* call(client: Client, prepared: PreparedCall): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const level = (prepared.method.options as { idempotency_level?: string }).idempotency_level;
  const idempotent = level === 'NO_SIDE_EFFECTS' || level === 'IDEMPOTENT';
  const { method, request } = prepared;
  if (method.responseStream) {
    for await (const bytes of client.rawStream(method.path, request, { idempotent })) yield prepared.reply(bytes);
  } else {
    yield prepared.reply(await client.raw(method.path, request, { idempotent }));
  }
}

function parse(json: string, terminal: Terminal): unknown {
  const text = json === '-' ? terminal.readInput() : json.startsWith('@') ? read(json.slice(1)) : json;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the request is no JSON: ${(error as Error).message}`);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the request: ${(error as Error).message}`);
  }
}

const typeOf = ({ type }: { readonly type: object }): string => (type as { readonly name: string }).name;

const methodsOfCatalog = (): CatalogMethod[] =>
  Object.values(catalog).flatMap((service) => Object.values(service) as CatalogMethod[]);
