import { createHash } from 'node:crypto';
import type { HttpClient, HttpResponse } from '../../../http/http-client.js';
import { shownUrl } from '../../../http/http-error.js';
import { retryAfterMs } from '../../../http/retry-after.js';
import { MonitoringError } from '../monitoring-error.js';
import type { SourceLook } from '../source-adapter.js';

/** What is remembered of the last answer of a server. */
export interface PageCursor {
  readonly etag?: string;
  readonly lastModified?: string;
  /** SHA-256 of what was read, hex. */
  readonly hash?: string;
}

/** Longest validator that is remembered, in characters. */
const MAX_VALIDATOR = 1_000;

/** A cursor as it comes back from the store; whatever is not one is none. */
export function pageCursorOf(cursor: unknown): PageCursor {
  if (typeof cursor !== 'object' || cursor === null) return {};
  const { etag, lastModified, hash } = cursor as Record<string, unknown>;
  return {
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
    ...(typeof hash === 'string' ? { hash } : {}),
  };
}

/**
 * Asks for a page, unless it is as it was. `undefined` where the server says so. The store of the client is not used: what
 * was seen is remembered in the cursor, which outlives the process.
 *
 * @throws {@link MonitoringError} `MONITOR_SOURCE_STATUS` for any other status than 2xx and 304
 */
export async function conditionalGet(
  http: HttpClient,
  { target, tenantId, signal }: SourceLook,
  cursor: PageCursor,
  accept: string,
): Promise<HttpResponse | undefined> {
  const response = await http.request({
    ...{ url: target, tenantId, signal },
    cache: false,
    headers: {
      accept,
      ...(cursor.etag === undefined ? {} : { 'if-none-match': cursor.etag }),
      ...(cursor.lastModified === undefined ? {} : { 'if-modified-since': cursor.lastModified }),
    },
  });
  const { status, headers } = response;
  if (status === 304) return undefined;
  if (status >= 200 && status < 300) return response;
  const retryable = status === 408 || status === 425 || status === 429 || status >= 500;
  throw new MonitoringError(
    'MONITOR_SOURCE_STATUS',
    `${shownUrl(new URL(target))} answered with status ${String(status)}. ` +
      (retryable ? 'It will be asked again.' : 'Check its address, and whether it needs a login.'),
    { retryable, retryAfterMs: retryAfterMs(headers), details: { status } },
  );
}

/** The cursor after an answer. */
export function cursorAfter({ headers }: HttpResponse, hash: string): PageCursor {
  const { etag, 'last-modified': lastModified } = headers;
  return {
    ...(etag === undefined || etag.length > MAX_VALIDATOR ? {} : { etag }),
    ...(lastModified === undefined || lastModified.length > MAX_VALIDATOR ? {} : { lastModified }),
    hash,
  };
}

/** SHA-256, hex. */
export function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A web address in its one spelling. @throws {@link MonitoringError} `MONITOR_TARGET_INVALID` */
export function webTarget(target: string): string {
  const url = URL.canParse(target.trim()) ? new URL(target.trim()) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new MonitoringError(
      'MONITOR_TARGET_INVALID',
      `"${target.slice(0, 200)}" is no web address. Give one that begins with https:// or http://.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new MonitoringError(
      'MONITOR_TARGET_INVALID',
      `The address of ${url.host} carries a user name or password. Remove what stands before the "@".`,
    );
  }
  url.hash = '';
  return url.href;
}
