import { violationsMax } from './limits.js';
import { invalidInput, rejected, type Fault, type Violation } from './fault.js';

/** Collects everything that is wrong with one request, so that one reply can name it all. */
export class Violations {
  readonly #listed: Violation[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  reject(field: string, expected: string, got: unknown): void {
    this.#count += 1;
    if (this.#listed.length < violationsMax) this.#listed.push(rejected(field, expected, got));
  }

  /** One fault that names every violation; beyond the limit, their number. */
  fault(): Fault {
    const unlisted = this.#count - this.#listed.length;
    const more: Violation[] = unlisted > 0 ? [{ field: '*', description: `and ${unlisted} more` }] : [];
    return invalidInput([...this.#listed, ...more], this.#count);
  }

  throwIfAny(): void {
    if (this.#count > 0) throw this.fault();
  }
}
