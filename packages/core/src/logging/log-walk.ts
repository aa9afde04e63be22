import { types } from 'node:util';
import { jsonBytes } from './json-bytes.js';
import type { LogKey, LogKeys } from './log-keys.js';
import { cleanText, isPlain, Mark, REDACTED, scan, windowOf } from './log-text.js';
import { opaqueText } from './opaque-text.js';
import { flagName } from './secret-assignments.js';
import { KeyTrait } from './secret-keys.js';
import { isCardNumber } from './secret-tokens.js';

/** Bounds of one record; every one is an integer. */
export interface LogLimits {
  readonly maxDepth: number;
  readonly maxEntries: number;
  readonly maxStringLength: number;
  readonly maxErrorTextLength: number;
  readonly maxCauses: number;
  readonly maxBytes: number;
  readonly stack: boolean;
}

type Fields = Record<string, unknown>;

export const UNREADABLE = '[unreadable]';
const CIRCULAR = '[circular]';
const TOO_DEEP = '[nested too deep]';
const TOO_LARGE = '[record too large]';
const MORE_CAUSES = '[more causes]';
const MORE = '…';

/** No value but a text or a container takes more bytes; a text is cut to what is there. */
const ROOM_FOR_A_VALUE = 64;
/** An error that cannot have this much is left out. */
const ROOM_FOR_AN_ERROR = 512;
/** `"name":"","message":"[record too large]",` and some. */
const ERROR_FRAME = 64;
/** Kept off the size, for the few bytes that are not counted exactly. */
const SLACK = 128;
/** A container keeps this much for saying that entries were left out. */
const ROOM_FOR_MORE = 48;
/** Looking at so many characters costs as much as writing one byte. */
const CHARACTERS_PER_BYTE = 8;
/** At most three bytes of UTF-8 per UTF-16 unit. */
const MAX_BYTES_PER_CHARACTER = 3;
/** The smallest card number of 13 digits. */
const SMALLEST_CARD = 1e12;

const MAX_NAME_CHARACTERS = 128;
const SECRET_HEADER = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)$/i;
const ERROR_PARTS: ReadonlySet<string> = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors']);

function read(source: object, key: string | number): unknown {
  try {
    return (source as Readonly<Record<string | number, unknown>>)[key];
  } catch {
    return UNREADABLE;
  }
}

/** Like {@link read}, for objects whose accessors are code of their class: those are not run. */
function readData(source: object, key: string): unknown {
  try {
    const property = Object.getOwnPropertyDescriptor(source, key);
    return property === undefined || 'value' in property ? property?.value : '[getter]';
  } catch {
    return UNREADABLE;
  }
}

function isError(value: object): boolean {
  return types.isNativeError(value) || value instanceof Error;
}

function isErrorGuarded(value: unknown): value is object {
  try {
    return typeof value === 'object' && value !== null && isError(value);
  } catch {
    return false;
  }
}

/** The error's own name; where it is only `Error`, the name of its class. May throw for a Proxy. */
function errorName(error: object): string {
  const name = read(error, 'name');
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name;
  const constructor = read(error, 'constructor');
  const className = typeof constructor === 'function' ? read(constructor, 'name') : undefined;
  return isError(error) && typeof className === 'string' && className !== '' ? className : 'Error';
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  return (typeof key === 'object' && key !== null) || typeof key === 'function' ? '[object]' : String(key);
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size')?.get;

function hasMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeof read(value, 'message') === 'string';
}

/** Errors of another realm, `DOMException` among them. */
function looksLikeError(value: object): boolean {
  return typeof read(value, 'stack') === 'string' && typeof read(value, 'message') === 'string';
}

/** One pass over the values of one record: what has been spent of its size, and what it is inside of. */
export class LogWalk {
  readonly #limits: LogLimits;
  readonly #keys: LogKeys;
  readonly #ancestors: object[] = [];
  #left: number;

  constructor(limits: LogLimits, keys: LogKeys) {
    this.#limits = limits;
    this.#keys = keys;
    this.#left = limits.maxBytes - SLACK;
  }

  /** @param depth Containers around the value, itself included if it is one; the outermost is at 1. */
  value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value, this.#limits.maxStringLength);
      case 'number':
        return this.#number(value);
      case 'boolean':
        this.#left -= 6;
        return value;
      case 'object':
        if (value !== null) return this.#object(value, depth, 0);
        this.#left -= 5;
        return null;
      case 'undefined':
        this.#left -= 5;
        return undefined;
      default:
        return this.#text(opaqueText(value), this.#limits.maxStringLength);
    }
  }

  /** The entries of one source of fields; an error becomes `error`, what has no entries `value`. */
  fields(source: unknown): Fields {
    const made = this.value(source, 1);
    if (typeof made !== 'object' || made === null || Array.isArray(made)) return { value: made };
    return isErrorGuarded(source) ? { error: made } : (made as Fields);
  }

  /** An error or whatever else was thrown, as `{ name, message, … }`. */
  thrown(value: unknown): Fields {
    if (isErrorGuarded(value) || hasMessage(value)) {
      const made = this.#object(value, 1, 0, true);
      if (typeof made === 'object' && made !== null) return made as Fields;
    }
    const made = this.value(value, 1);
    const text = typeof made === 'string' ? made : String(JSON.stringify(made));
    const { maxErrorTextLength } = this.#limits;
    return { name: 'NonError', message: cleanText(text, Mark.none, maxErrorTextLength, this.#keys.secrets) };
  }

  #number(value: number): unknown {
    this.#left -= 25;
    if (!Number.isFinite(value)) return String(value);
    const isCard = value >= SMALLEST_CARD && Number.isSafeInteger(value) && isCardNumber(String(value));
    return isCard ? REDACTED : value;
  }

  #text(text: string, limit: number): string {
    const end = windowOf(text, limit);
    const marks = scan(text, end);
    if (isPlain(text, marks, limit) && text.length + 2 <= this.#left) {
      this.#left -= text.length + 3;
      return text;
    }
    const clean = cleanText(text, marks, limit, this.#keys.secrets);
    const isBare = clean === text && (marks & (Mark.unusual | Mark.escaped)) === 0;
    return this.#fit(clean, isBare ? text.length : jsonBytes(clean), end);
  }

  /** Charges a text, cut to what is left of the record. */
  #fit(text: string, bytes: number, looked: number): string {
    if (bytes + 3 <= this.#left) {
      this.#left -= Math.min(this.#left, Math.max(bytes + 3, Math.ceil(looked / CHARACTERS_PER_BYTE)));
      return text;
    }
    const kept = Math.floor((this.#left - ROOM_FOR_A_VALUE) / MAX_BYTES_PER_CHARACTER);
    this.#left = 0;
    if (kept < 8) return TOO_LARGE;
    const whole = /[\uD800-\uDBFF]/.test(text.charAt(kept - 1)) ? kept - 1 : kept;
    return `${text.slice(0, whole)}… (+${String(text.length - whole)} characters)`;
  }

  /** @param causes Errors of the cause chain above this one. */
  #object(value: object, depth: number, causes: number, asError = false): unknown {
    const above = this.#ancestors.length;
    if (above > 0 && this.#ancestors.includes(value)) return this.#marker(CIRCULAR);
    if (depth > this.#limits.maxDepth) return this.#marker(TOO_DEEP);
    if (this.#left < ROOM_FOR_A_VALUE + ROOM_FOR_MORE) return this.#marker(TOO_LARGE);
    this.#ancestors.push(value);
    this.#left -= ROOM_FOR_MORE + 3;
    try {
      return asError ? this.#error(value, depth, causes) : this.#shape(value, depth, causes);
    } catch {
      return this.#marker(UNREADABLE);
    } finally {
      this.#left += ROOM_FOR_MORE;
      this.#ancestors.length = above;
    }
  }

  #marker(text: string): string {
    this.#left -= text.length + 3;
    return text;
  }

  #shape(value: object, depth: number, causes: number): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return this.#fill({}, value, Object.keys(value), depth, read);
    }
    if (Array.isArray(value)) return this.#list(value, depth);
    if (isError(value)) return this.#errorIfRoom(value, depth, causes);
    if (types.isMap(value)) return this.#map(value, depth);
    if (types.isSet(value)) return this.#set(value, depth);
    const opaque = opaqueText(value);
    if (opaque !== '') return this.#text(opaque, this.#limits.maxStringLength);
    if (looksLikeError(value)) return this.#errorIfRoom(value, depth, causes);
    return this.#fill({}, value, Object.keys(value), depth, readData);
  }

  #fill(
    out: Fields,
    source: object,
    keys: readonly string[],
    depth: number,
    readProperty: (source: object, key: string) => unknown,
  ): Fields {
    const count = Math.min(keys.length, this.#limits.maxEntries);
    let done = 0;
    let mayCollide = false;
    for (; done < count; done += 1) {
      const name = keys[done] ?? '';
      const key = this.#keys.of(name);
      if (this.#left < key.bytes + ROOM_FOR_A_VALUE) break;
      const value = readProperty(source, name);
      mayCollide ||= key.label !== name;
      if (value !== undefined) this.#put(out, key, value, depth, mayCollide);
    }
    if (done < keys.length) out[MORE] = `(+${String(keys.length - done)} entries)`;
    if ('value' in out) this.#hideNamedValue(out);
    return out;
  }

  /** `{ name: 'password', value: … }`, as in forms and header lists. */
  #hideNamedValue(out: Fields): void {
    const name = out['name'] ?? out['key'];
    if (typeof name !== 'string' || name.length > 64) return;
    const { traits } = this.#keys.of(name);
    if (traits !== KeyTrait.plain) out['value'] = this.#secret(out['value'], traits, 0);
  }

  #put(out: Fields, key: LogKey, value: unknown, depth: number, mayCollide: boolean): void {
    this.#left -= key.bytes;
    let label = key.label;
    if (mayCollide) {
      for (let twin = 2; Object.hasOwn(out, label); twin += 1) label = `${key.label}~${String(twin)}`;
    }
    out[label] =
      key.traits === KeyTrait.plain ? this.value(value, depth + 1) : this.#secret(value, key.traits, depth);
  }

  /** What may be shown under a key that names a secret: that there is none, a yes or no, a count. */
  #secret(value: unknown, traits: number, depth: number): unknown {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    const stays =
      value === null || typeof value === 'boolean' || (isNumber && (traits & KeyTrait.numbersStay) !== 0);
    return stays ? this.value(value, depth + 1) : this.#marker(REDACTED);
  }

  #list(list: readonly unknown[], depth: number): unknown[] {
    const length = list.length;
    const count = Math.min(length, this.#limits.maxEntries);
    const out: unknown[] = [];
    let secret: number = KeyTrait.plain;
    for (let index = 0; index < count && this.#left >= ROOM_FOR_A_VALUE; index += 1) {
      const item = read(list, index);
      const made =
        secret === KeyTrait.plain ? this.value(item, depth + 1) : this.#secret(item ?? null, secret, depth);
      out.push(made ?? null);
      secret = typeof item === 'string' ? this.#traitsOfNext(item, index, length) : KeyTrait.plain;
    }
    if (length > out.length) out.push(`${MORE} (+${String(length - out.length)} entries)`);
    return out;
  }

  /** Lists name secrets too: `[key, value]`, raw headers, the words of a command line. */
  #traitsOfNext(item: string, index: number, length: number): number {
    if (item.length > 64) return KeyTrait.plain;
    const flag = item.startsWith('-') ? flagName(item) : '';
    if (flag !== '') return this.#keys.of(flag).traits;
    const isKey = (index === 0 && length === 2) || SECRET_HEADER.test(item);
    return isKey ? this.#keys.of(item).traits : KeyTrait.plain;
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): Fields {
    const out: Fields = {};
    const size = Number(mapSize?.call(map));
    let done = 0;
    for (const [name, value] of Map.prototype.entries.call(map)) {
      const key = this.#keys.of(keyText(name));
      if (done >= this.#limits.maxEntries || this.#left < key.bytes + ROOM_FOR_A_VALUE) break;
      done += 1;
      this.#put(out, key, value ?? null, depth, true);
    }
    if (done < size) out[MORE] = `(+${String(size - done)} entries)`;
    return out;
  }

  #set(set: ReadonlySet<unknown>, depth: number): unknown[] {
    const out: unknown[] = [];
    const size = Number(setSize?.call(set));
    for (const item of Set.prototype.values.call(set)) {
      if (out.length >= this.#limits.maxEntries || this.#left < ROOM_FOR_A_VALUE) break;
      out.push(this.value(item, depth + 1) ?? null);
    }
    if (size > out.length) out.push(`${MORE} (+${String(size - out.length)} entries)`);
    return out;
  }

  #errorIfRoom(error: object, depth: number, causes: number): unknown {
    return this.#left < ROOM_FOR_AN_ERROR ? this.#marker(TOO_LARGE) : this.#error(error, depth, causes);
  }

  #error(error: object, depth: number, causes: number): Fields {
    const { maxErrorTextLength, stack: withStack } = this.#limits;
    this.#left -= ERROR_FRAME;
    const out: Fields = { name: this.#text(errorName(error), MAX_NAME_CHARACTERS) };
    const message = read(error, 'message');
    const text = typeof message === 'string' ? message : message === undefined ? '' : opaqueText(message);
    out['message'] = this.#left < ROOM_FOR_A_VALUE ? TOO_LARGE : this.#text(text, maxErrorTextLength);
    const code = read(error, 'code');
    if (typeof code === 'string' || typeof code === 'number')
      this.#part(out, 'code', () => this.value(code, depth));
    const own = Object.keys(error).filter((key) => !ERROR_PARTS.has(key));
    this.#fill(out, error, own, depth, readData);
    const stack = withStack ? read(error, 'stack') : undefined;
    if (typeof stack === 'string') this.#part(out, 'stack', () => this.#text(stack, maxErrorTextLength));
    const errors = read(error, 'errors');
    if (Array.isArray(errors)) this.#part(out, 'errors', () => this.value(errors, depth + 1));
    const cause = read(error, 'cause');
    if (cause !== undefined) this.#part(out, 'cause', () => this.#cause(cause, depth, causes + 1));
    return out;
  }

  /** A chain of errors has its own bound and does not count as nesting. */
  #cause(cause: unknown, depth: number, causes: number): unknown {
    if (typeof cause !== 'object' || cause === null || !isError(cause)) return this.value(cause, depth + 1);
    return causes > this.#limits.maxCauses ? this.#marker(MORE_CAUSES) : this.#object(cause, depth, causes);
  }

  #part(out: Fields, name: string, make: () => unknown): void {
    const key = this.#keys.of(name);
    if (this.#left < key.bytes + ROOM_FOR_A_VALUE) return;
    this.#left -= key.bytes;
    out[name] = make();
  }
}
