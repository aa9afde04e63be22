import type { LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { AddressGuard } from './address-guard.js';
import type { HttpDeadline } from './http-deadline.js';
import { shownUrl } from './http-error.js';
import { readBody } from './response-body.js';

/** One request to one server, redirects not followed. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  readonly maxBytes: number;
  /** Whether an idle connection may be used: only where a request that was lost with it may be sent again. */
  readonly reuse: boolean;
}

/** What a server answered. */
export interface HopAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Unpacked. */
  readonly body: Uint8Array;
}

export interface ExchangeSettings {
  /** Look-up, connection and handshake, in ms. */
  readonly connectTimeoutMs: number;
  /** From the connection to the end of the headers, in ms. */
  readonly headersTimeoutMs: number;
  /** For the body, in ms. */
  readonly bodyTimeoutMs: number;
  /** How long an idle connection is kept, in ms; 0 for not at all. */
  readonly keepAliveMs: number;
  /** Certificates of authorities that are trusted instead of the platform's, in PEM. */
  readonly ca: string | undefined;
}

/** Connects only to addresses that the guard has judged, and keeps idle connections for a while. */
export class HttpExchange {
  readonly #guard: AddressGuard;
  readonly #settings: ExchangeSettings;
  readonly #agents: Readonly<Record<'http:' | 'https:', { kept: http.Agent; fresh: http.Agent }>>;

  constructor(guard: AddressGuard, settings: ExchangeSettings) {
    this.#guard = guard;
    this.#settings = settings;
    const { keepAliveMs, ca } = settings;
    const kept = { keepAlive: keepAliveMs > 0, timeout: keepAliveMs, maxFreeSockets: 8 };
    const tls = ca === undefined ? {} : { ca };
    // Agents of our own: no proxy, no pool and no socket of the process that somebody else has set up.
    this.#agents = {
      'http:': { kept: new http.Agent(kept), fresh: new http.Agent({ keepAlive: false }) },
      'https:': {
        kept: new https.Agent({ ...kept, ...tls }),
        fresh: new https.Agent({ keepAlive: false, ...tls }),
      },
    };
  }

  /** Sends the request and reads the answer. Rejects with whatever went wrong, or the reason of the deadline's signal. */
  async send(hop: Hop, deadline: HttpDeadline): Promise<HopAnswer> {
    const { url, maxBytes, method } = hop;
    deadline.phase('connection', this.#settings.connectTimeoutMs);
    // Every request is judged, also one that will go over a connection that is open already.
    this.#guard.checkUrl(url);
    const addresses = isLiteral(url) ? [] : await deadline.race(this.#guard.addressesOf(url.hostname));
    const response = await deadline.race(this.#respond(hop, addresses, deadline));
    const status = response.statusCode ?? 0;
    const headers = headersOf(response);
    const hasBody =
      method !== 'HEAD' && status !== 204 && status !== 304 && headers['content-length'] !== '0';
    if (!hasBody || isRedirect(status, headers)) {
      discard(response, hasBody);
      return { status, headers, body: new Uint8Array() };
    }
    deadline.phase('body', this.#settings.bodyTimeoutMs);
    const body = await deadline.race(
      readBody(response, {
        maxBytes,
        declaredBytes: Number(headers['content-length'] ?? 0),
        encoding: headers['content-encoding'] ?? '',
        source: shownUrl(url),
      }),
    );
    return { status, headers, body };
  }

  /** Ends all connections. */
  close(): void {
    for (const { kept, fresh } of Object.values(this.#agents)) {
      kept.destroy();
      fresh.destroy();
    }
  }

  #respond(
    { url, method, headers, body, reuse }: Hop,
    addresses: readonly LookupAddress[],
    deadline: HttpDeadline,
  ): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const isTls = url.protocol === 'https:';
      const agents = this.#agents[isTls ? 'https:' : 'http:'];
      const request = (isTls ? https : http).request(url, {
        method,
        headers,
        agent: reuse ? agents.kept : agents.fresh,
        signal: deadline.signal,
        lookup: pinnedTo(addresses),
      });
      const connected = (): void => deadline.phase('headers', this.#settings.headersTimeoutMs);
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected);
        else connected();
      });
      request.once('response', resolve);
      request.on('error', reject);
      // A string would have Node write the headers in its encoding, too.
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      // For a DELETE Node leaves it out, and the server would take the body for the next request.
      if (bytes !== undefined) request.setHeader('content-length', bytes.byteLength);
      request.end(bytes);
    });
  }
}

/** Answers with the addresses that were judged, and never asks again. */
function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (hostname, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) {
      callback(Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' }), '', 0);
    } else if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

/** A host written as an address, which nothing has to be looked up for. */
function isLiteral({ hostname }: URL): boolean {
  // The URL parser writes every form of an IPv4 address as four numbers, and no name ends with a number.
  return hostname.startsWith('[') || /\.\d+$/.test(hostname);
}

function headersOf(response: http.IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** Whether an answer leads on to another address. */
export function isRedirect(status: number, headers: Readonly<Record<string, string>>): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers['location'] !== undefined;
}

/** Ends a response nobody will read. One without a body leaves its connection to the next request. */
function discard(response: http.IncomingMessage, hasBody: boolean): void {
  response.on('error', () => {});
  if (hasBody) response.destroy();
  else response.resume();
}
