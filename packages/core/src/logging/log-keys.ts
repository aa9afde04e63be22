import { cleanText, scan, windowOf } from './log-text.js';
import { jsonBytes } from './json-bytes.js';
import { SecretKeys } from './secret-keys.js';

/** How a key appears in a record and what it says about its value. */
export interface LogKey {
  /** The key, cleaned like any text and cut. */
  readonly label: string;
  /** Bytes of the label in JSON, with quotes, colon and comma. */
  readonly bytes: number;
  /** Sum of `KeyTrait`s. */
  readonly traits: number;
}

const MAX_LABEL_CHARACTERS = 128;
const MAX_REMEMBERED = 2_000;

/** The keys of records, judged once each and remembered up to a bound. */
export class LogKeys {
  readonly secrets: SecretKeys;
  readonly #known = new Map<string, LogKey>();

  constructor(extraWords: readonly string[]) {
    this.secrets = new SecretKeys(extraWords);
  }

  of(key: string): LogKey {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const label = this.#label(key);
    const made: LogKey = { label, bytes: jsonBytes(label) + 4, traits: this.secrets.traits(key) };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    if (key.length <= MAX_LABEL_CHARACTERS) this.#known.set(key, made);
    return made;
  }

  #label(key: string): string {
    // As a plain key it would set the prototype of whatever the record is copied into.
    if (key === '__proto__') return '[__proto__]';
    const marks = scan(key, windowOf(key, MAX_LABEL_CHARACTERS));
    return cleanText(key, marks, MAX_LABEL_CHARACTERS, this.secrets);
  }
}
