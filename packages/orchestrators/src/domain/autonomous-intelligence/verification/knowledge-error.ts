/** Everything that can be wrong with a knowledge base; a code is never reused for something else. */
export const KNOWLEDGE_ERROR_CODES = [
  'KNOWLEDGE_SYNTAX',
  'KNOWLEDGE_TOO_LARGE',
  'KNOWLEDGE_SHAPE',
  'KNOWLEDGE_FIELD_MISSING',
  'KNOWLEDGE_FIELD_UNKNOWN',
  'KNOWLEDGE_DATE',
  'KNOWLEDGE_VALUE',
  'KNOWLEDGE_REFERENCE',
] as const;
/** One of {@link KNOWLEDGE_ERROR_CODES}. */
export type KnowledgeErrorCode = (typeof KNOWLEDGE_ERROR_CODES)[number];

/**
 * A knowledge base that cannot be used as it is written. The message names the entry and the line, then says
 * what to do. Raised only while a base is read or built, never while a claim is checked.
 */
export class KnowledgeError extends Error {
  readonly code: KnowledgeErrorCode;
  /** 1-based line in the source text, where the fault has one. */
  readonly line: number | undefined;
  /** Where it is, as a path: `people[3].offices[0].from`. */
  readonly entry: string | undefined;

  constructor(
    code: KnowledgeErrorCode,
    message: string,
    where: {
      readonly line?: number | undefined;
      readonly entry?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    const place = [where.entry, where.line === undefined ? undefined : `line ${where.line}`].filter(
      (part) => part !== undefined,
    );
    super(
      `${place.length === 0 ? '' : `${place.join(', ')}: `}${message} [${code}]`,
      where.cause === undefined ? undefined : { cause: where.cause },
    );
    this.name = 'KnowledgeError';
    this.code = code;
    this.line = where.line;
    this.entry = where.entry;
  }
}
