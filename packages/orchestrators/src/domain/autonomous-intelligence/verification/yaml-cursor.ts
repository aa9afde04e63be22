import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';

import { parseDate } from './calendar.js';
import { KnowledgeError, type KnowledgeErrorCode } from './knowledge-error.js';

/** Longest knowledge file that is read, in UTF-16 code units. */
export const MAX_KNOWLEDGE_LENGTH = 4_000_000;

interface Origin {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** A place in a YAML document that knows its path and line, and refuses what it was not asked for. */
export class YamlCursor {
  readonly #node: unknown;
  readonly #origin: Origin;
  readonly path: string;

  private constructor(node: unknown, path: string, origin: Origin) {
    this.#node = node;
    this.path = path;
    this.#origin = origin;
  }

  /**
   * Reads a document. Anchors and aliases are refused: a knowledge file needs none, and they are how a small file
   * becomes a large one.
   *
   * @throws {@link KnowledgeError} `KNOWLEDGE_SYNTAX`, `KNOWLEDGE_TOO_LARGE`.
   */
  static read(text: string): YamlCursor {
    if (text.length > MAX_KNOWLEDGE_LENGTH) {
      throw new KnowledgeError(
        'KNOWLEDGE_TOO_LARGE',
        `The text has ${text.length} characters, ${MAX_KNOWLEDGE_LENGTH} are read at most. Split it into several files.`,
      );
    }
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core' });
    const fault = document.errors[0];
    if (fault !== undefined) {
      throw new KnowledgeError(
        'KNOWLEDGE_SYNTAX',
        `This is not valid YAML (${fault.message}). Correct that line.`,
        {
          line: lines.linePos(fault.pos[0]).line,
          cause: fault,
        },
      );
    }
    return new YamlCursor(document.contents, '', { document, lines });
  }

  get line(): number | undefined {
    const range = (this.#node as { range?: readonly number[] | null } | null)?.range;
    const offset = range?.[0];
    return offset === undefined ? undefined : this.#origin.lines.linePos(offset).line;
  }

  fail(code: KnowledgeErrorCode, message: string): never {
    throw new KnowledgeError(code, message, {
      entry: this.path === '' ? undefined : this.path,
      line: this.line,
    });
  }

  /** Refuses keys outside `allowed`, so that a misspelt key is not silently without effect. */
  keys(allowed: readonly string[]): void {
    for (const pair of this.#map().items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '?';
      if (!allowed.includes(key)) {
        this.fail(
          'KNOWLEDGE_FIELD_UNKNOWN',
          `"${key}" is not a field here. Use one of: ${allowed.join(', ')}.`,
        );
      }
    }
  }

  has(key: string): boolean {
    const value: unknown = this.#map().get(key, true);
    return value !== undefined && !(isScalar(value) && value.value === null);
  }

  at(key: string): YamlCursor {
    const path = this.path === '' ? key : `${this.path}.${key}`;
    if (!this.has(key)) this.fail('KNOWLEDGE_FIELD_MISSING', `"${key}" is missing. Add it.`);
    return new YamlCursor(this.#map().get(key, true), path, this.#origin);
  }

  items(): readonly YamlCursor[] {
    if (!isSeq(this.#node)) this.fail('KNOWLEDGE_SHAPE', 'A list is expected. Begin each entry with "- ".');
    return this.#node.items.map(
      (item, index) => new YamlCursor(item, `${this.path}[${index}]`, this.#origin),
    );
  }

  /** Keys and values of a mapping, in order. */
  entries(): readonly (readonly [string, YamlCursor])[] {
    return this.#map().items.map((pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : '?';
      return [key, new YamlCursor(pair.value, `${this.path}.${key}`, this.#origin)] as const;
    });
  }

  /** The entries of a list that may be absent. */
  list(key: string): readonly YamlCursor[] {
    return this.has(key) ? this.at(key).items() : [];
  }

  string(): string {
    const value = this.#scalar();
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || text.trim() === '') {
      this.fail(
        'KNOWLEDGE_VALUE',
        `A text is expected, not ${JSON.stringify(value)}. Write one, in quotes if needed.`,
      );
    }
    return text.trim();
  }

  number(): number {
    const value = this.#scalar();
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.fail(
        'KNOWLEDGE_VALUE',
        `A number is expected, not ${JSON.stringify(value)}. Write digits without quotes.`,
      );
    }
    return value;
  }

  /** A date as text, checked against the calendar. */
  date(): string {
    const text = this.string();
    if (parseDate(text) === undefined) {
      this.fail('KNOWLEDGE_DATE', `"${text}" is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD.`);
    }
    return text;
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const text = this.string();
    const found = allowed.find((value) => value === text);
    return (
      found ?? this.fail('KNOWLEDGE_VALUE', `"${text}" is not known here. Use one of: ${allowed.join(', ')}.`)
    );
  }

  #scalar(): unknown {
    if (!isScalar(this.#node))
      this.fail('KNOWLEDGE_SHAPE', 'A single value is expected here. Write it on one line.');
    return this.#node.value;
  }

  #map() {
    if (!isMap(this.#node))
      this.fail('KNOWLEDGE_SHAPE', 'A mapping is expected. Write "field: value" lines.');
    return this.#node;
  }
}
