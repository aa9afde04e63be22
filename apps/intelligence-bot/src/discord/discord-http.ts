import { type HttpClient, HttpError, NodeHttpClient, shownUrl } from '@kapelle/orchestrators';
import type { RESTOptions } from 'discord.js';
import { isIP } from 'node:net';
import { httpFetch } from '../adapters/http-fetch.js';
import { ChatError } from './chat-surface.js';

/** Milliseconds for a whole request, with what it sends. */
const TIMEOUT_MS = 15_000;
/** The library's own limit, which only counts where the client's has not: what waits for a connection is in the client's. */
const LIBRARY_TIMEOUT_MS = TIMEOUT_MS + 5_000;
/** Largest answer; those to the bot are a few kilobytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** What Discord takes of a bot in a second: a first answer, which has three, waits for no upload. */
const MAX_CONCURRENT = 50;

/** Where Discord is, and what may be asked besides public addresses. */
export interface DiscordHttpOptions {
  /** Address of the REST interface without the version. @default 'https://discord.com/api' */
  readonly api?: string | undefined;
  /** Addresses or CIDR ranges of private servers that may be asked. An `api` that is itself an address may be, in any case. */
  readonly allowAddresses: readonly string[];
}

/** The HTTP client for Discord's REST interface: one attempt, as the library has its own, and no redirects, as there are none. */
export function discordHttp({ api, allowAddresses }: DiscordHttpOptions): NodeHttpClient {
  return new NodeHttpClient({
    allowAddresses: [...allowAddresses, ...addressesOf(api)],
    attempts: 1,
    maxRedirects: 0,
    // A file is sent between the connection and the headers of the answer.
    ...{ timeoutMs: TIMEOUT_MS, headersTimeoutMs: TIMEOUT_MS },
    maxBytes: MAX_ANSWER_BYTES,
    maxConcurrentPerHost: MAX_CONCURRENT,
    cache: false,
    userAgent: 'kapelle-intelligence-bot',
  });
}

/** Whoever writes an address into the settings means it; a name is judged by where it leads. */
function addressesOf(api: string | undefined): string[] {
  if (api === undefined || !URL.canParse(api)) return [];
  const host = new URL(api).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  return isIP(host) === 0 ? [] : [host];
}

/**
 * Has the library's REST interface ask through the client. Statuses and headers come back as they are, so its buckets and its waiting for
 * `Retry-After` work as ever. It asks again after 5xx, and after time-outs and broken connections where that does no harm; never where
 * the server is left alone, or an address is refused.
 */
export function restOver(client: HttpClient): Pick<RESTOptions, 'makeRequest' | 'timeout'> {
  const send = httpFetch(client);
  return {
    timeout: LIBRARY_TIMEOUT_MS,
    makeRequest: async (url, { method, headers, body, signal }) => {
      try {
        // The library's types are those of its own undici, for the same values.
        const init = { method, headers, body, signal } as RequestInit;
        return await send(url, init);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        throw chatErrorOfHttp(error, new URL(url), method);
      }
    },
  };
}

function chatErrorOfHttp(error: HttpError, url: URL, method = 'GET'): ChatError {
  // The path of an answer has the token of the question in it.
  const reason = error.message.replaceAll(shownUrl(url), url.origin);
  const hint = error.code === 'HTTP_ADDRESS_FORBIDDEN' ? ' Name it in KAPELLE_ALLOW_ADDRESSES.' : '';
  const told = new ChatError('CHAT_UNREACHABLE', `Discord cannot be reached: ${reason}${hint}`, {
    cause: error,
  });
  const mayPass = error.code === 'HTTP_TIMEOUT' || error.code === 'HTTP_CONNECTION_FAILED';
  // By this name the library knows what may be asked again; a message that is posted twice would be there twice.
  if (mayPass && method.toUpperCase() !== 'POST')
    Object.defineProperty(told, 'name', { value: 'AbortError' });
  return told;
}
