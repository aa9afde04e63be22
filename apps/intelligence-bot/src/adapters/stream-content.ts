import type { RawContent } from '@kapelle/orchestrators';
import { addAbortSignal, type Readable } from 'node:stream';

import { SourceError, tooLarge } from './source-error.js';

/** The URI of what comes in through standard input. */
export const STDIN_URI = 'stdin:';

/**
 * Reads a stream to its end, and destroys it where that takes too much or the signal fires.
 *
 * @param maxBytes most bytes taken; exactly this many are
 * @throws {@link SourceError} `SOURCE_TOO_LARGE` or `SOURCE_NOT_READABLE`, or the signal's reason
 */
export async function readStream(
  stream: Readable,
  maxBytes: number,
  signal: AbortSignal,
): Promise<RawContent> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge('standard input', maxBytes, 'holds more');
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    throw new SourceError(
      'SOURCE_NOT_READABLE',
      `Standard input cannot be read (${String(error)}). Send content into it, or name a file.`,
      { cause: error },
    );
  }
  return { uri: STDIN_URI, name: 'standard-input', bytes: Buffer.concat(chunks, size) };
}
