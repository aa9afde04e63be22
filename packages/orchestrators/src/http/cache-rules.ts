import { isCredential } from './redirect.js';

type Headers = Readonly<Record<string, string>>;

/** Statuses that are stored; the last two although they are failures. */
const STORED_STATUSES: readonly number[] = [200, 203, 404, 410];
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** The directives of a `Cache-Control` header, names in lower case. Of a repeated one the first counts. */
export function cacheDirectives(header: string | undefined): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).trim().toLowerCase();
    const value =
      at < 0
        ? ''
        : part
            .slice(at + 1)
            .trim()
            .replaceAll('"', '');
    if (name !== '' && !directives.has(name)) directives.set(name, value);
  }
  return directives;
}

/** Whether a stored answer may be used for this request at all, or its answer be stored. */
export function isCacheable(method: string, headers: Headers, hasCacheKey: boolean): boolean {
  if (method !== 'GET' || cacheDirectives(headers['cache-control']).has('no-store')) return false;
  // A caller with conditions or ranges of its own wants the answer to exactly that.
  return !Object.keys(headers).some(
    (name) => name.startsWith('if-') || name === 'range' || (!hasCacheKey && isCredential(name)),
  );
}

/** Whether the caller wants the server asked, whatever is stored. */
export function wantsRevalidation(headers: Headers): boolean {
  const directives = cacheDirectives(headers['cache-control']);
  return directives.has('no-cache') || directives.get('max-age') === '0' || headers['pragma'] === 'no-cache';
}

/**
 * For how long an answer is fresh, in ms from now; 0 where the server has to be asked before each use; undefined where it
 * must not be stored. As RFC 9111 has it for a private cache, but nothing is guessed: an answer that says nothing about
 * its age is asked about again, except that 404 and 410 hold for `negativeMs`.
 *
 * @param nowMs wall-clock time, for an `Expires` without a `Date`
 */
export function freshForMs(
  status: number,
  headers: Headers,
  nowMs: number,
  negativeMs: number,
): number | undefined {
  const directives = cacheDirectives(headers['cache-control']);
  if (!STORED_STATUSES.includes(status) || directives.has('no-store')) return undefined;
  if (headers['set-cookie'] !== undefined || varyNames(headers).includes('*')) return undefined;
  const lifetime = directives.has('no-cache')
    ? 0
    : lifetimeMs(directives, status, headers, nowMs, negativeMs);
  const age = seconds(headers['age']) ?? 0;
  const fresh = Math.min(Math.max(0, lifetime - age), YEAR_MS);
  const canRevalidate = headers['etag'] !== undefined || headers['last-modified'] !== undefined;
  return fresh > 0 || canRevalidate ? fresh : undefined;
}

/** The request headers that an answer depends on, in lower case and order. */
export function varyNames(headers: Headers): readonly string[] {
  return (headers['vary'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
    .sort();
}

function lifetimeMs(
  directives: ReadonlyMap<string, string>,
  status: number,
  headers: Headers,
  nowMs: number,
  negativeMs: number,
): number {
  const maxAge = directives.get('max-age');
  // A value that is no number means that it is stale (RFC 9111, 4.2.1).
  if (maxAge !== undefined) return seconds(maxAge) ?? 0;
  const expires = headers['expires'];
  if (expires !== undefined) {
    const date = Date.parse(headers['date'] ?? '');
    const until = Date.parse(expires) - (Number.isNaN(date) ? nowMs : date);
    return Number.isNaN(until) ? 0 : until;
  }
  return status === 404 || status === 410 ? negativeMs : 0;
}

function seconds(text: string | undefined): number | undefined {
  return /^\d{1,10}$/.test(text ?? '') ? Number(text) * 1000 : undefined;
}
