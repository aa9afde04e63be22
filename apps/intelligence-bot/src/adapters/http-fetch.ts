import { currentContext } from '@kapelle/core';
import { type HttpClient, type HttpRequest, SHARED_TENANT } from '@kapelle/orchestrators';
import { STATUS_CODES } from 'node:http';

/** Answers that have no body, whatever a server sends. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/**
 * The platform's `fetch` for a library that wants one, as far as texts, bytes and forms go: what it sends goes through the HTTP client,
 * with the bounds, the breakers and the address guard of that. Rejects with what the client rejects with.
 */
export function httpFetch(client: HttpClient): typeof fetch {
  return async (input, init = {}) => {
    const { method = 'GET', body, signal } = init;
    const url = input instanceof Request ? input.url : input;
    const headers = new Headers(init.headers ?? {});
    const sent = await bytesOf(body, headers);
    const response = await client.request({
      url,
      method: method.toUpperCase() as NonNullable<HttpRequest['method']>,
      headers: Object.fromEntries(headers.entries()),
      tenantId: currentContext()?.tenantId ?? SHARED_TENANT,
      // Whoever asks decides about another attempt, and wants to know how it is now.
      retry: false,
      cache: false,
      ...(sent === undefined ? {} : { body: sent }),
      ...(signal === undefined || signal === null ? {} : { signal }),
    });
    const isEmpty = WITHOUT_BODY.includes(response.status);
    return new Response(isEmpty ? null : Buffer.from(response.body), {
      status: response.status,
      statusText: STATUS_CODES[response.status] ?? '',
      headers: response.headers,
    });
  };
}

/** A body as it is sent; for a form the boundary is written into the headers. */
async function bytesOf(
  body: RequestInit['body'],
  headers: Headers,
): Promise<string | Uint8Array | undefined> {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (!(body instanceof FormData)) {
    throw new TypeError('Only texts, bytes and forms are sent. Write the body as one of them.');
  }
  const form = new Response(body);
  headers.set('content-type', form.headers.get('content-type') ?? 'multipart/form-data');
  return new Uint8Array(await form.arrayBuffer());
}
