import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cacheDirectives, freshForMs } from './cache-rules.js';
import { LocalServers } from './fixtures/local-server.js';
import type { HttpRequest } from './http-client.js';
import type { NodeHttpClientOptions } from './http-options.js';
import { NodeHttpClient } from './node-http-client.js';
import { ResponseCache } from './response-cache.js';

const servers = new LocalServers();
const clients: NodeHttpClient[] = [];
afterEach(() => {
  clients.splice(0).forEach((client) => client.close());
  return servers.close();
});

const make = (options: NodeHttpClientOptions = {}): NodeHttpClient => {
  const client = new NodeHttpClient({ allowAddresses: ['127.0.0.1'], attempts: 1, ...options });
  clients.push(client);
  return client;
};
const ask = (client: NodeHttpClient, url: string, more: Partial<HttpRequest> = {}) =>
  client.request({ url, tenantId: 'acme', ...more });
const text = ({ body }: { body: Uint8Array }) => Buffer.from(body).toString();

/** Counts its answers in the body. */
const counting = (answer: (incoming: IncomingMessage, response: ServerResponse, count: number) => void) => {
  let count = 0;
  return servers.start((incoming, response) => answer(incoming, response, (count += 1)));
};

describe('NodeHttpClient: cache', () => {
  it('gives a fresh answer again, to the same tenant alone, until it is stale', async () => {
    const clock = new FakeClock();
    const server = await counting((_, response, count) =>
      response.setHeader('cache-control', 'Max-Age="60"').end(`answer ${count}`),
    );
    const client = make({ clock });
    const first = await ask(client, `${server.origin}/#a`);
    expect([text(first), first.cached, first.attempts]).toEqual(['answer 1', false, 1]);
    // What a caller does with it is not seen by the next one.
    first.body.fill(0);
    const again = await ask(client, `${server.origin}/`);
    expect([text(again), again.cached, again.attempts, again.url]).toEqual([
      'answer 1',
      true,
      0,
      `${server.origin}/`,
    ]);
    expect(Object.keys(again).sort()).toEqual(['attempts', 'body', 'cached', 'headers', 'status', 'url']);
    again.body.fill(0);
    expect(text(await ask(client, server.origin))).toBe('answer 1');
    expect(text(await ask(client, server.origin, { tenantId: 'other' }))).toBe('answer 2');
    expect(text(await ask(client, server.origin, { cache: false }))).toBe('answer 3');
    expect(text(await ask(client, server.origin, { headers: { 'cache-control': 'no-cache' } }))).toBe(
      'answer 4',
    );
    await clock.advance(60_000);
    expect(text(await ask(client, server.origin))).toBe('answer 5');
    expect(text(await ask(client, server.origin, { tenantId: 'other' }))).toBe('answer 6');
    expect(client.stats().cache).toMatchObject({ entries: 2, hits: 2, misses: 5, revalidated: 0 });
  });

  it('asks whether a stale answer still holds, by tag and date, and takes the new headers', async () => {
    const server = await counting(({ headers }, response, count) => {
      response.setHeader('etag', '"v1"').setHeader('x-count', count);
      if (headers['if-none-match'] === '"v1"' && count < 4) response.writeHead(304).end();
      else response.setHeader('last-modified', 'Wed, 21 Oct 2026 07:28:00 GMT').end(`body ${count}`);
    });
    const client = make();
    expect(text(await ask(client, server.origin))).toBe('body 1');
    for (const count of [2, 3]) {
      const response = await ask(client, server.origin);
      expect([response.status, text(response), response.cached, response.attempts]).toEqual([
        200,
        'body 1',
        true,
        1,
      ]);
      expect(response.headers['x-count']).toBe(String(count));
    }
    expect(server.headers.at(-1)).toMatchObject({
      'if-none-match': '"v1"',
      'if-modified-since': 'Wed, 21 Oct 2026 07:28:00 GMT',
    });
    expect(text(await ask(client, server.origin))).toBe('body 4');
    // Conditions of the caller's own are answered to the caller.
    const own = await ask(client, server.origin, { headers: { 'If-None-Match': '"mine"' } });
    expect([own.status, own.cached]).toEqual([200, false]);
    expect(client.stats().cache).toMatchObject({ revalidated: 2 });
  });

  it('keeps a 404 and a 410 for a while, and forgets what was changed', async () => {
    const clock = new FakeClock();
    const server = await counting(({ url = '' }, response) => {
      response
        .writeHead(Number(url.slice(1, 4)), url.endsWith('long') ? { 'cache-control': 'max-age=300' } : {})
        .end();
    });
    const client = make({ clock, cache: { negativeMs: 30_000 } });
    const cached = async (path: string) => (await ask(client, server.origin + path)).cached;
    for (const path of ['/404', '/410', '/404/long'])
      expect([await cached(path), await cached(path)]).toEqual([false, true]);
    for (const path of ['/200', '/403', '/503', '/429'])
      expect([await cached(path), await cached(path)]).toEqual([false, false]);
    await clock.advance(30_000);
    expect([await cached('/404'), await cached('/404/long')]).toEqual([false, true]);
    await ask(client, `${server.origin}/404/long`, { method: 'DELETE' });
    expect(await cached('/404/long')).toBe(true);
    const changed = await counting(({ method }, response, count) =>
      response.setHeader('cache-control', 'max-age=300').end(`${method ?? ''} ${count}`),
    );
    await ask(client, changed.origin);
    await ask(client, changed.origin, { method: 'PUT', body: 'x' });
    expect(text(await ask(client, changed.origin))).toBe('GET 3');
  });

  it('stores nothing that it must not: secrets of a request, of an answer, parts, what varies with everything', async () => {
    const server = await counting(({ url = '' }, response, count) => {
      const headers: Record<string, Record<string, string>> = {
        '/no-store': { 'cache-control': 'no-store, max-age=60' },
        '/vary': { vary: 'Accept, *' },
        '/cookie': { 'set-cookie': 'a=b' },
      };
      response.writeHead(200, { 'cache-control': 'max-age=60', ...headers[url] }).end(String(count));
    });
    const client = make();
    const twice = async (path: string, more: Partial<HttpRequest> = {}) => {
      await ask(client, server.origin + path, more);
      return (await ask(client, server.origin + path, more)).cached;
    };
    for (const path of ['/no-store', '/vary', '/cookie'])
      expect([path, await twice(path)]).toEqual([path, false]);
    for (const headers of [
      { authorization: 'Bearer a' },
      { cookie: 'a=b' },
      { 'x-api-key': 'k' },
      { range: 'bytes=0-1' },
      { 'cache-control': 'no-store' },
    ] as Record<string, string>[]) {
      expect([headers, await twice('/', { headers })]).toEqual([headers, false]);
    }
    expect(client.stats().cache.entries).toBe(0);
    // Under a key of their own credentials do no harm, and nobody else gets the answer.
    const headers = { authorization: 'Bearer a' };
    expect(await twice('/', { headers, cacheKey: 'user 1' })).toBe(true);
    expect((await ask(client, `${server.origin}/`, { headers, cacheKey: 'user 2' })).cached).toBe(false);
    expect((await ask(client, `${server.origin}/`)).cached).toBe(false);
  });

  it('tells answers apart by the headers they vary with', async () => {
    const server = await counting(({ headers }, response) =>
      response
        .writeHead(200, { 'cache-control': 'max-age=60', vary: 'Accept-Language, X-B' })
        .end(headers['accept-language']),
    );
    const client = make();
    const of = async (language: string) => {
      const response = await ask(client, server.origin, { headers: { 'Accept-Language': language } });
      return `${text(response)} ${String(response.cached)}`;
    };
    expect([await of('de'), await of('en'), await of('de'), await of('en')]).toEqual([
      'de false',
      'en false',
      'de true',
      'en true',
    ]);
    for (let at = 0; at < 20; at += 1) await of(`l${at}`);
    expect(client.stats().cache.entries).toBeLessThanOrEqual(8);
  });

  it('does not give a stored answer to who takes less, or another type', async () => {
    const server = await counting((_, response) =>
      response
        .writeHead(200, { 'cache-control': 'max-age=60', 'content-type': 'text/html' })
        .end('0123456789'),
    );
    const client = make();
    await ask(client, server.origin);
    await expect(ask(client, server.origin, { maxBytes: 9 })).rejects.toMatchObject({
      code: 'HTTP_TOO_LARGE',
    });
    await expect(ask(client, server.origin, { contentTypes: ['text/plain'] })).rejects.toMatchObject({
      code: 'HTTP_TYPE_REFUSED',
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('ResponseCache', () => {
  const answer = (size: number) => ({
    status: 200,
    headers: { 'cache-control': 'max-age=60' },
    body: new Uint8Array(size),
  });

  it('never holds more than it may, and forgets what was not used for longest', () => {
    const clock = new FakeClock();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 6_000 }), fc.boolean())),
        (steps) => {
          const cache = new ResponseCache({ maxBytes: 10_000, maxEntries: 7, negativeMs: 0 }, clock);
          for (const [key, size, isRead] of steps) {
            if (isRead) cache.find(`k${key}`, {});
            else cache.put(`k${key}`, {}, answer(size));
            const { entries, bytes } = cache.stats;
            expect(entries <= 7 && bytes <= 10_000 && bytes >= entries * 200).toBe(true);
            if (!isRead && size < 9_000) expect(cache.find(`k${key}`, {})?.body).toHaveLength(size);
          }
          cache.clear();
          expect(cache.stats).toMatchObject({ entries: 0, bytes: 0 });
        },
      ),
      { seed: 7 },
    );
    const cache = new ResponseCache({ maxBytes: 1e6, maxEntries: 2, negativeMs: 0 }, clock);
    cache.put('a', {}, answer(1));
    cache.put('b', {}, answer(1));
    cache.find('a', {});
    cache.put('c', {}, answer(1));
    expect([cache.find('a', {}), cache.find('b', {})].map((found) => found !== undefined)).toEqual([
      true,
      false,
    ]);
    expect(cache.stats.evicted).toBe(1);
  });

  it('knows for how long an answer is fresh', () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    const now = Date.parse(date);
    const fresh = (headers: Record<string, string>, status = 200) => freshForMs(status, headers, now, 5_000);
    expect(fresh({ 'cache-control': 'private, max-age=10', age: '4' })).toBe(6_000);
    expect(fresh({ 'cache-control': 'max-age=10', age: '40' })).toBeUndefined();
    expect(fresh({ 'cache-control': 'max-age=10', age: '40', etag: 'x' })).toBe(0);
    expect(fresh({ 'cache-control': 'max-age=soon', etag: 'x' })).toBe(0);
    expect(fresh({ 'cache-control': 'no-cache, max-age=10', etag: 'x' })).toBe(0);
    expect(fresh({ expires: 'Wed, 21 Oct 2026 07:29:00 GMT', date })).toBe(60_000);
    expect(fresh({ expires: 'Wed, 21 Oct 2026 07:29:00 GMT' })).toBe(60_000);
    expect(fresh({ expires: '0', etag: 'x' })).toBe(0);
    expect(fresh({ 'last-modified': date })).toBe(0);
    expect([fresh({}), fresh({}, 404), fresh({}, 500), fresh({}, 206)]).toEqual([
      undefined,
      5_000,
      undefined,
      undefined,
    ]);
    expect(fresh({ 'cache-control': 'max-age=9999999999' })).toBe(365 * 24 * 60 * 60 * 1000);
    expect([...cacheDirectives(' no-cache ,, max-age = 1, MAX-AGE=2,=3')]).toEqual([
      ['no-cache', ''],
      ['max-age', '1'],
    ]);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (control, expires, age) => {
        const ms = fresh({ 'cache-control': control, expires, age, etag: 'x' });
        expect(ms === undefined || (ms >= 0 && Number.isFinite(ms))).toBe(true);
      }),
      { seed: 5 },
    );
  });
});
