import { FeedbackError } from './feedback-error.js';

/** Reads a stored record step by step, and says where it is not what it should be. */
export class RecordReader {
  readonly value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.#path = path;
  }

  at(name: string): RecordReader {
    const object = this.#object();
    return new RecordReader(Object.hasOwn(object, name) ? object[name] : undefined, `${this.#path}.${name}`);
  }

  /** Each entry of an object. */
  map<T>(read: (entry: RecordReader) => T): Record<string, T> {
    const entries = Object.entries(this.#object());
    return Object.fromEntries(
      entries.map(([key, value]) => [key, read(new RecordReader(value, `${this.#path}.${key}`))]),
    );
  }

  list(least: number, most: number): readonly RecordReader[] {
    return this.#list(least, most).map((each, index) => new RecordReader(each, `${this.#path}[${index}]`));
  }

  number(min = -Infinity, max = Infinity): number {
    if (isWithin(this.value, min, max)) return this.value;
    throw this.#wrong(`a finite number from ${min} to ${max}`);
  }

  numbers(bounds: {
    readonly least?: number;
    readonly most: number;
    readonly min?: number;
    readonly max?: number;
  }): number[] {
    const { least = 0, most, min = -Infinity, max = Infinity } = bounds;
    const list = this.#list(least, most);
    if (list.every((each): each is number => isWithin(each, min, max))) return [...list];
    throw this.#wrong(`finite numbers from ${min} to ${max}`);
  }

  text(): string {
    if (typeof this.value === 'string' && this.value.length > 0) return this.value;
    throw this.#wrong('a text');
  }

  oneOf<T extends string>(values: readonly T[]): T {
    if ((values as readonly unknown[]).includes(this.value)) return this.value as T;
    throw this.#wrong(`one of ${values.join(', ')}`);
  }

  #object(): Readonly<Record<string, unknown>> {
    if (typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value)) {
      return this.value as Readonly<Record<string, unknown>>;
    }
    throw this.#wrong('an object');
  }

  #list(least: number, most: number): readonly unknown[] {
    if (Array.isArray(this.value) && this.value.length >= least && this.value.length <= most)
      return this.value;
    throw this.#wrong(least === most ? `a list of ${most}` : `a list of ${least} to ${most}`);
  }

  #wrong(wanted: string): FeedbackError {
    return new FeedbackError(
      'FEEDBACK_STATE_INVALID',
      `The stored record has no ${wanted.replace(/^(?:an?|the) /, '')} at "${this.#path}". Put back a copy that is whole, or delete the record to begin anew.`,
      { details: { path: this.#path } },
    );
  }
}

/** What the last digit of a sum may be beyond its bounds. */
const SLACK = 1e-9;

function isWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= min - SLACK && value <= max + SLACK;
}
