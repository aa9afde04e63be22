/** Why some bytes could not be turned into documents. */
export const CONTENT_ERROR_CODES = [
  'CONTENT_EMPTY',
  'CONTENT_TOO_LARGE',
  'CONTENT_BINARY',
  'CONTENT_ENCODING',
  'CONTENT_MALFORMED',
  'CONTENT_UNSUPPORTED',
] as const;
export type ContentErrorCode = (typeof CONTENT_ERROR_CODES)[number];

/**
 * The content cannot be read, and trying again with the same bytes will not help.
 * The message says what was found, with the values, then the next step, then the code in brackets.
 *
 * - `CONTENT_EMPTY`: no bytes, or nothing in them that a person would read
 * - `CONTENT_TOO_LARGE`: more bytes than allowed; nothing was decoded
 * - `CONTENT_BINARY`: a picture, a recording, an archive …, not text
 * - `CONTENT_ENCODING`: text in no encoding that gives readable characters
 * - `CONTENT_MALFORMED`: the format was recognised, but nothing could be taken from it
 * - `CONTENT_UNSUPPORTED`: text of a kind no parser here reads
 */
export class ContentError extends Error {
  override readonly name = 'ContentError';
  readonly code: ContentErrorCode;

  constructor(code: ContentErrorCode, found: string, nextStep: string, options?: { cause?: unknown }) {
    super(`${found} ${nextStep} [${code}]`, options);
    this.code = code;
  }
}
