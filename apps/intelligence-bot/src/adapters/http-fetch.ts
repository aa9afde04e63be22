import { currentContext } from '@kapelle/core';
import { type HttpClient, type HttpRequest, SHARED_TENANT } from '@kapelle/orchestrators';

/** Answers that have no body, whatever a server sends. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/**
 * The platform's `fetch` for a library that wants one, as far as texts go: what it sends goes through the HTTP client, with the
 * bounds, the breakers and the address guard of that. Rejects with what the client rejects with.
 */
export function httpFetch(client: HttpClient): typeof fetch {
  return async (input, init = {}) => {
    const { method = 'GET', headers, body, signal } = init;
    if (body !== undefined && body !== null && typeof body !== 'string') {
      throw new TypeError('Only texts are sent. Write the body as one.');
    }
    const url = input instanceof Request ? input.url : input;
    const response = await client.request({
      url,
      method: method.toUpperCase() as NonNullable<HttpRequest['method']>,
      headers: Object.fromEntries(new Headers(headers ?? {}).entries()),
      tenantId: currentContext()?.tenantId ?? SHARED_TENANT,
      // Whoever asks decides about another attempt, and wants to know how it is now.
      retry: false,
      cache: false,
      ...(typeof body === 'string' ? { body } : {}),
      ...(signal === undefined || signal === null ? {} : { signal }),
    });
    const isEmpty = WITHOUT_BODY.includes(response.status);
    return new Response(isEmpty ? null : Buffer.from(response.body), {
      status: response.status,
      headers: response.headers,
    });
  };
}
