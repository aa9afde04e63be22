export { AddressGuard, type AddressResolver } from './address-guard.js';
export { HTTP_CLIENT, type HttpClient, type HttpRequest, type HttpResponse } from './http-client.js';
export type { HttpClientStats } from './http-counters.js';
export { HTTP_CODES, HttpError, type HttpErrorCode, type HttpErrorOptions, shownUrl } from './http-error.js';
export type { HttpBreakerOptions, HttpCacheOptions, NodeHttpClientOptions } from './http-options.js';
export { NodeHttpClient } from './node-http-client.js';
export type { ResponseCacheStats } from './response-cache.js';
export { retryAfterMs } from './retry-after.js';
