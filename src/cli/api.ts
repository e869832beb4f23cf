// The API as the proto files of this package describe it, so that `acceld call` knows every method without code.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  loadSync,
  type EnumTypeDefinition,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';
import { UsageError } from './failure.js';

export type AnyMethod = MethodDefinition<object, object>;

export interface Field {
  readonly name: string;
  readonly label: string;
  /** "TYPE_MESSAGE", "TYPE_ENUM", "TYPE_DOUBLE", … */
  readonly type: string;
  readonly typeName: string;
}

const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));

export class Api {
  readonly #definitions: PackageDefinition;

  constructor() {
    const files = readdirSync(`${protoFolder}/acceld/v1`).filter((name) => name.endsWith('_service.proto'));
    this.#definitions = loadSync(
      files.map((name) => `acceld/v1/${name}`),
      { includeDirs: [protoFolder], longs: String, enums: String, bytes: String, defaults: true },
    );
  }

  /** "acceld.v1.PricingService/PriceOptions", "pricing.priceOptions" or "PriceOptions". */
  method(name: string): AnyMethod {
    const wanted = name.replace(/^\//, '').toLowerCase();
    const found = this.#methods().filter(({ path }) => namesOf(path).includes(wanted));
    if (found.length === 1) return found[0]!;
    const candidates = (found.length > 1 ? found : this.#methods()).map(({ path }) => path.slice(1));
    throw new UsageError(
      `${found.length > 1 ? 'several methods are' : 'no method is'} called ${name}; known:`,
      candidates,
    );
  }

  fields(typeName: string): readonly Field[] | undefined {
    return (this.#definition(typeName)?.type as { field?: Field[] } | undefined)?.field;
  }

  /** The enum's codes by name. */
  codes(typeName: string): ReadonlyMap<string, number> {
    const { value } = this.#definition(typeName)?.type as { value: { name: string; number: number }[] };
    return new Map(value.map(({ name, number }) => [name, number]));
  }

  #methods(): AnyMethod[] {
    return Object.values(this.#definitions)
      .filter((definition) => !('format' in definition))
      .flatMap((service) => Object.values(service) as AnyMethod[]);
  }

  /** A descriptor may name a type without its package. */
  #definition(typeName: string): MessageTypeDefinition<object, object> | EnumTypeDefinition | undefined {
    const bare = typeName.replace(/^\./, '');
    const key = Object.keys(this.#definitions).find((name) => name === bare || name.endsWith(`.${bare}`));
    const definition = key === undefined ? undefined : this.#definitions[key];
    return definition && 'format' in definition ? (definition as MessageTypeDefinition<object, object>) : undefined;
  }
}

/** Every name, in lower case, under which a method can be called. */
function namesOf(path: string): string[] {
  const [service = '', method = ''] = path.slice(1).split('/');
  const short = service
    .split('.')
    .at(-1)!
    .replace(/Service$/, '');
  return [`${service}/${method}`, `${short}.${method}`, method].map((name) => name.toLowerCase());
}
