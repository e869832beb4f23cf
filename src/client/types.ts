// The client's types, derived from the catalog: columns in place of tensors, everything else as on the wire.
import type { catalog } from '../gen/catalog.js';
import type { Receipt } from '../gen/acceld/v1/execution.js';
import type { RegionColumn } from './region-column.js';
import type { CallOptions } from './settings.js';

/** Numbers, one per row; a single number or element holds for every row. Typed arrays are sent without conversion. */
export type NumberColumn = number | readonly number[] | Float64Array | Float32Array | RegionColumn;

/** Enum codes, one per row; a single code holds for every row. */
export type CodeColumn = number | readonly number[] | Uint8Array | RegionColumn;

/** Values of a reply, one per row. May be a view of the received message. */
export type ValueColumn = Float64Array | Float32Array | Uint32Array | Uint8Array;

/** Encodes and decodes one kind of message. */
export interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  fromPartial(message: never): object;
}

interface MethodFacts {
  readonly path: string;
  readonly requestStream: boolean;
  readonly idempotent: boolean;
  readonly rowsIndependent: boolean;
  readonly requestColumns: Readonly<Record<string, string | null>>;
  readonly responseColumns: readonly string[];
  readonly request: Codec;
  readonly response: Codec;
}

/** A method as the catalog describes it: one request, one reply. */
export interface UnaryMethod extends MethodFacts {
  readonly requestStream: false;
  readonly responseStream: false;
}

/** One request, and a reply in many messages. */
export interface StreamMethod extends MethodFacts {
  readonly requestStream: false;
  readonly responseStream: true;
}

/** A method that is a function of the client. */
export type Method = UnaryMethod | StreamMethod;

type Catalog = typeof catalog;

type WireRequest<M extends Method> = Parameters<M['request']['fromPartial']>[0];
type WireReply<M extends Method> = ReturnType<M['response']['decode']>;
type RequestColumn<Codes> = Codes extends string ? CodeColumn : NumberColumn;

/** What a method takes. Every field may be left out; the daemon names each one that it needs. */
export type Request<M extends Method> = Omit<WireRequest<M>, keyof M['requestColumns']> & {
  readonly [Field in keyof M['requestColumns']]?: RequestColumn<M['requestColumns'][Field]> | undefined;
};

type ReplyColumns<M extends Method> = {
  readonly [Field in M['responseColumns'][number]]: ValueColumn | undefined;
};

/** What a method answers. A column that was not asked for is undefined. */
export type Reply<M extends Method> = Omit<WireReply<M>, M['responseColumns'][number] | 'receipt'> &
  ReplyColumns<M> & {
    /** Results that went to a region, by name: their columns here are undefined. */
    readonly inRegions?: readonly string[];
  } & ('receipt' extends keyof WireReply<M> ? { readonly receipt: Receipt } : unknown);

/** One message of a method that answers in many. The last one has a receipt. */
export type StreamReply<M extends Method> = Omit<WireReply<M>, M['responseColumns'][number]> & ReplyColumns<M>;

type Send<M, Options> = M extends UnaryMethod
  ? (request?: Request<M>, options?: Options) => Promise<Reply<M>>
  : M extends StreamMethod
    ? (request?: Request<M>, options?: Options) => AsyncGenerator<StreamReply<M>, void, undefined>
    : never;

type MethodNames<Methods> = { [Name in keyof Methods]: Methods[Name] extends Method ? Name : never }[keyof Methods];

/** One function per method of each service. */
export type Services<Options = CallOptions> = {
  readonly [Service in keyof Catalog as MethodNames<Catalog[Service]> extends never ? never : Service]: {
    readonly [Name in MethodNames<Catalog[Service]>]: Send<Catalog[Service][Name], Options>;
  };
};
