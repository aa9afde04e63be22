import { HttpError, shownUrl } from './http-error.js';
import type { Hop, HopAnswer } from './http-exchange.js';

/** Headers that another origin has no business to see. A name is checked in lower case. */
const CREDENTIAL = /auth|token|key|secret|cookie|session|signature|password/;

/** Whether a header may carry somebody's credentials. */
export function isCredential(name: string): boolean {
  return CREDENTIAL.test(name.toLowerCase());
}

/**
 * The request that a redirect leads to. 303, and 301 and 302 after a POST, ask with GET; another origin gets no
 * credentials (RFC 9110, 15.4; Fetch, HTTP-redirect fetch).
 *
 * @throws {@link HttpError} `HTTP_REDIRECT_REFUSED` where it leads from https to http, takes a body to another origin, or leads to
 *   something that is no URL
 */
export function followRedirect(hop: Hop, { status, headers }: HopAnswer): Hop {
  const location = headers['location'] ?? '';
  const from = shownUrl(hop.url);
  if (!URL.canParse(location, hop.url.href)) {
    throw new HttpError(
      'HTTP_REDIRECT_REFUSED',
      `${from} redirects to something that is no URL. Ask for the final address.`,
    );
  }
  const url = new URL(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new HttpError(
      'HTTP_REDIRECT_REFUSED',
      `${from} redirects to ${shownUrl(url)}, which is not encrypted. Ask for the final address, if it may be so.`,
    );
  }
  const toGet = (status === 303 && hop.method !== 'HEAD') || (hop.method === 'POST' && status <= 302);
  const isSameOrigin = url.origin === hop.url.origin;
  if (!toGet && !isSameOrigin && hop.body !== undefined) {
    throw new HttpError(
      'HTTP_REDIRECT_REFUSED',
      `${from} redirects a ${hop.method} with a body to ${url.origin}. Send it to the final address.`,
    );
  }
  const kept = Object.entries(hop.headers).filter(
    ([name]) => (isSameOrigin || !isCredential(name)) && !(toGet && name.startsWith('content-')),
  );
  return {
    ...hop,
    url,
    headers: Object.fromEntries(kept),
    ...(toGet ? { method: 'GET', body: undefined } : {}),
  };
}
