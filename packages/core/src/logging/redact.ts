import { LogKeys } from './log-keys.js';
import { type LogLimits, LogWalk, UNREADABLE } from './log-walk.js';

/** Bounds of what {@link sanitize} returns, and what it hides besides the usual. */
export interface SanitizeOptions {
  /**
   * Objects, arrays and collections inside each other, the outermost included; what is deeper is
   * `[nested too deep]`. A chain of causes is counted by `maxCauses` instead.
   *
   * @minimum 1
   * @maximum 32
   * @default 6
   */
  readonly maxDepth?: number;
  /**
   * Entries of one object, array or collection; the number of those left out is said in their place.
   *
   * @minimum 1
   * @default 100
   */
  readonly maxEntries?: number;
  /**
   * UTF-16 units of one string, counted before control characters are written out; a longer one ends in
   * `… (+N characters)`.
   *
   * @minimum 16
   * @default 1000
   */
  readonly maxStringLength?: number;
  /**
   * UTF-16 units of an error's message and of its stack.
   *
   * @minimum 16
   * @default 8192
   */
  readonly maxErrorTextLength?: number;
  /**
   * Causes below an error; the next one is `[more causes]`.
   *
   * @minimum 1
   * @maximum 32
   * @default 10
   */
  readonly maxCauses?: number;
  /**
   * UTF-8 bytes of the whole result as JSON. What no longer fits is cut, left out with its number, or
   * `[record too large]`.
   *
   * @minimum 1024
   * @default 65536
   */
  readonly maxBytes?: number;
  /**
   * Whether errors keep their `stack`, as one line.
   *
   * @default false
   */
  readonly stack?: boolean;
  /**
   * More key words whose values are hidden, in any spelling: `email`, `sessionId`, `date-of-birth`. A phrase
   * matches keys that have its words one after the other.
   *
   * @default []
   */
  readonly redact?: readonly string[];
}

/** Sanitises many values under the same options, which are worked out once. Its methods do not throw. */
export interface Sanitizer {
  /** See {@link sanitize}. */
  sanitize(value: unknown): unknown;
  /**
   * One record out of several sources of fields, of which later ones win, within one `maxBytes`. An error
   * among them becomes the field `error`, anything else that has no fields becomes `value`.
   */
  record(sources: readonly unknown[]): Record<string, unknown>;
  /** See {@link describeError}. */
  describeError(error: unknown): ErrorDescription;
}

/** An error as data: JSON-safe, bounded, without secrets. */
export interface ErrorDescription {
  /** The name, or the name of the class where the name is only `Error`; `NonError` for other thrown values. */
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  /** One line, with line ends written as `\n`. */
  readonly stack?: string;
  /** The description of an error, or any other value as {@link sanitize} makes it. */
  readonly cause?: unknown;
  /** The members of an `AggregateError`, each like `cause`. */
  readonly errors?: readonly unknown[];
  /** Own enumerable properties of the error. */
  readonly [property: string]: unknown;
}

/** A bound for sanitising that is not an integer in its range. */
export class SanitizeOptionsError extends RangeError {
  readonly code = 'SANITIZE_INVALID_OPTION';

  constructor(option: string, value: unknown, min: number, max: number) {
    super(
      `sanitize: ${option} is ${String(value)}. Give an integer from ${String(min)} to ${String(max)}. [SANITIZE_INVALID_OPTION]`,
    );
    this.name = 'SanitizeOptionsError';
  }
}

type Bound = Exclude<keyof LogLimits, 'stack'>;

/** Default, minimum and maximum of each bound. */
const BOUNDS: Readonly<Record<Bound, readonly [initial: number, min: number, max: number]>> = {
  maxDepth: [6, 1, 32],
  maxEntries: [100, 1, 100_000],
  maxStringLength: [1_000, 16, 1_000_000],
  maxErrorTextLength: [8_192, 16, 1_000_000],
  maxCauses: [10, 1, 32],
  maxBytes: [65_536, 1_024, 16_777_216],
};

function bound(options: SanitizeOptions, name: Bound): number {
  const [initial, min, max] = BOUNDS[name];
  const value = options[name] ?? initial;
  if (!Number.isInteger(value) || value < min || value > max)
    throw new SanitizeOptionsError(name, value, min, max);
  return value;
}

/** A {@link Sanitizer} for `options`. @throws {@link SanitizeOptionsError} for a bound out of its range. */
export function createSanitizer(options: SanitizeOptions = {}): Sanitizer {
  const keys = new LogKeys(options.redact ?? []);
  const limits: LogLimits = {
    maxDepth: bound(options, 'maxDepth'),
    maxEntries: bound(options, 'maxEntries'),
    maxStringLength: bound(options, 'maxStringLength'),
    maxErrorTextLength: bound(options, 'maxErrorTextLength'),
    maxCauses: bound(options, 'maxCauses'),
    maxBytes: bound(options, 'maxBytes'),
    stack: options.stack ?? false,
  };

  const guarded = <T>(work: (walk: LogWalk) => T, otherwise: T): T => {
    try {
      return work(new LogWalk(limits, keys));
    } catch {
      // Only where the stack is nearly used up: everything that can throw by itself is guarded on its own.
      return otherwise;
    }
  };

  return {
    sanitize: (value) => guarded((walk) => walk.value(value, 1), UNREADABLE),
    describeError: (error) =>
      guarded((walk) => walk.thrown(error) as ErrorDescription & Record<string, unknown>, {
        name: 'NonError',
        message: UNREADABLE,
      }),
    record: (sources) =>
      guarded((walk) => {
        let record: Record<string, unknown> | undefined;
        for (const source of sources) {
          if (source === undefined || source === null) continue;
          const fields = walk.fields(source);
          record = record === undefined ? fields : Object.assign(record, fields);
        }
        return record ?? {};
      }, {}),
  };
}

const standard = createSanitizer();

/**
 * A copy of `value` that is fit for a log: plain JSON data, bounded in depth, width and size, with secrets
 * replaced by `[redacted]` and control characters written out. It never throws, never runs `toJSON` or any
 * other method of the value, and reads properties guarded; accessors of class instances are not read at all.
 *
 * A value is hidden for its key or for its own shape.
 * - Key: by whole words in any spelling (`apiKey`, `API_KEY`, `x-api-key`): passwords, secrets, tokens, API and
 *   private keys, authorization, cookies, credentials, pins, card and social security numbers. Kept are booleans
 *   and null, numbers under plurals that count (`tokens: 512`), and keys that only speak about a secret
 *   (`tokenCount`, `passwordPolicy`). E-mail addresses and session ids are kept unless asked for with `redact`.
 * - Shape, in any text, also of errors: credentials of HTTP authentication schemes, JSON web tokens, PEM blocks,
 *   keys and tokens of common services, users and passwords in URLs, card numbers, and named values
 *   (`password=…`, `"token": "…"`, `--api-key …`).
 *
 * A secret that has neither a telling name nor a known shape cannot be recognised.
 *
 * With `options` everything is worked out anew on each call; use {@link createSanitizer} where that is often.
 *
 * @throws {@link SanitizeOptionsError} for a bound out of its range, whatever the value.
 */
export function sanitize(value: unknown, options?: SanitizeOptions): unknown {
  return (options === undefined ? standard : createSanitizer(options)).sanitize(value);
}

/**
 * Whatever was thrown as data: name, message, code, own properties, members and up to ten causes. Never throws,
 * whatever the value. The stack is kept only with `stack: true`, since it tells file names.
 *
 * @throws {@link SanitizeOptionsError} for a bound out of its range, whatever the value.
 */
export function describeError(error: unknown, options?: SanitizeOptions): ErrorDescription {
  return (options === undefined ? standard : createSanitizer(options)).describeError(error);
}
