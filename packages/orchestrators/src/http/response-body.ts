import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { HttpError } from './http-error.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** What the server announced; 0 when it did not. */
  readonly declaredBytes: number;
  /** The `content-encoding` header; empty when there is none. */
  readonly encoding: string;
  /** Where the body comes from, for messages. */
  readonly source: string;
}

/**
 * Reads a whole body into memory, unpacked, and stops at the limit: neither what arrives nor what it unpacks to
 * may be larger.
 *
 * @throws {@link HttpError} `HTTP_TOO_LARGE`, or `HTTP_ENCODING_UNSUPPORTED`
 */
export async function readBody(body: Readable, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBytes, declaredBytes, encoding, source } = limits;
  // A stream that is left without a reader must not bring the process down.
  body.on('error', () => {});
  try {
    if (declaredBytes > maxBytes)
      throw tooLarge(source, maxBytes, `announces ${String(declaredBytes)} bytes`);
    const unpacker = unpackerFor(encoding.trim().toLowerCase(), source);
    if (unpacker === undefined) return await collect(body, maxBytes, source);
    // Counted before unpacking, too: an endless stream may unpack to nothing.
    pipeline(
      body,
      (packed: AsyncIterable<Uint8Array>) => limited(packed, maxBytes, source),
      unpacker,
      () => {},
    );
    return await collect(unpacker, maxBytes, source);
  } finally {
    // One that was read to its end leaves its connection to the next request.
    if (!body.readableEnded) body.destroy();
  }
}

async function collect(
  stream: AsyncIterable<unknown>,
  maxBytes: number,
  source: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of limited(stream as AsyncIterable<Uint8Array>, maxBytes, source))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* limited(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  source: string,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(source, maxBytes, 'is larger');
    yield chunk;
  }
}

/** One encoding only: nobody stacks them except to make a small body grow. */
function unpackerFor(encoding: string, source: string): Transform | undefined {
  switch (encoding) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new HttpError(
        'HTTP_ENCODING_UNSUPPORTED',
        `${source} is packed as "${encoding.slice(0, 40)}", which cannot be unpacked. Ask a server that packs with gzip, br or deflate.`,
      );
  }
}

/** @param what for example "is larger" */
export function tooLarge(source: string, maxBytes: number, what: string): HttpError {
  return new HttpError(
    'HTTP_TOO_LARGE',
    `${source} ${what}; the limit is ${String(maxBytes)} bytes. Raise maxBytes, or ask for less.`,
  );
}
