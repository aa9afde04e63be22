import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { httpFailure as failure } from './fixtures/http-failure.js';
import { LocalServers, type LocalServerOptions } from './fixtures/local-server.js';
import { LOCAL_TLS } from './fixtures/local-tls.js';
import type { HttpRequest } from './http-client.js';
import type { NodeHttpClientOptions } from './http-options.js';
import { NodeHttpClient } from './node-http-client.js';

type Routes = Record<string, (incoming: IncomingMessage, response: ServerResponse) => void>;

const servers = new LocalServers();
const clients: NodeHttpClient[] = [];
afterEach(() => {
  clients.splice(0).forEach((client) => client.close());
  return servers.close();
});

/** Answers by path without its query; others with 404. */
const serve = (routes: Routes, options?: LocalServerOptions) =>
  servers.start((incoming, response) => {
    const route = routes[(incoming.url ?? '').split('?')[0] ?? ''];
    if (route === undefined) response.writeHead(404).end();
    else route(incoming, response);
  }, options);

const make = (options: NodeHttpClientOptions = {}): NodeHttpClient => {
  const client = new NodeHttpClient({ allowAddresses: ['127.0.0.1'], backoffMs: 1, ...options });
  clients.push(client);
  return client;
};
const ask = (client: NodeHttpClient, url: string, more: Partial<HttpRequest> = {}) =>
  client.request({ url, tenantId: 'acme', ...more });
const text = ({ body }: { body: Uint8Array }) => Buffer.from(body).toString();
const bodyOf = async (incoming: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of incoming) body += String(chunk);
  return body;
};

describe('NodeHttpClient: an answer', () => {
  it('gives status, headers, the unpacked body and where it came from', async () => {
    const body = 'many words '.repeat(500);
    const packed: Record<string, Buffer> = {
      gzip: gzipSync(body),
      deflate: deflateSync(body),
      br: brotliCompressSync(body),
    };
    const server = await serve({
      '/packed': ({ url }, response) => {
        const encoding = (url ?? '').split('?')[1] ?? '';
        response.setHeader('content-encoding', encoding).end(packed[encoding] ?? 'x');
      },
      '/teapot': (_, response) =>
        response.writeHead(418, { 'X-One': 'a', 'set-cookie': ['b=1', 'c=2'] }).end('t'),
      '/empty': (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 0 }).end(),
      '/none': (_, response) => response.writeHead(204, { 'content-encoding': 'gzip' }).end(),
    });
    const client = make({ cache: false });
    for (const encoding of Object.keys(packed)) {
      const response = await ask(client, `${server.origin}/packed?${encoding}#part`);
      expect([text(response), response.url]).toEqual([body, `${server.origin}/packed?${encoding}`]);
    }
    const teapot = await ask(client, `${server.origin}/teapot`);
    expect(teapot).toMatchObject({ status: 418, cached: false, attempts: 1 });
    expect(teapot.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': 'b=1, c=2' });
    for (const path of ['/empty', '/none'])
      expect((await ask(client, server.origin + path)).body).toHaveLength(0);
    const head = await ask(client, `${server.origin}/packed?gzip`, { method: 'HEAD' });
    expect([head.status, head.body.byteLength]).toEqual([200, 0]);
    for (const encoding of ['zstd', 'gzip,gzip']) {
      expect(await failure(ask(client, `${server.origin}/packed?${encoding}`))).toMatchObject({
        code: 'HTTP_ENCODING_UNSUPPORTED',
        retryable: false,
      });
    }
    packed['gzip'] = Buffer.from('not packed at all');
    expect(await failure(ask(client, `${server.origin}/packed?gzip`))).toMatchObject({
      code: 'HTTP_RESPONSE_INVALID',
    });
    packed['gzip'] = gzipSync(body).subarray(0, 30);
    expect(await failure(ask(client, `${server.origin}/packed?gzip`, { retry: false }))).toMatchObject({
      code: 'HTTP_CONNECTION_FAILED',
      retryable: true,
    });
  });

  it('sends what it was given, and its own headers only as it wants them', async () => {
    const seen: string[] = [];
    const server = await serve({
      '/': (incoming, response) =>
        void bodyOf(incoming).then((body) => {
          seen.push(`${incoming.method ?? ''} ${body}`);
          response.end();
        }),
    });
    const client = make({ userAgent: 'tester/1' });
    await ask(client, server.origin, { method: 'POST', body: 'grüße', headers: { 'X-Own': 'ä' } });
    await ask(client, server.origin, {
      method: 'PUT',
      body: Buffer.from([97]),
      headers: { 'User-Agent': 'other' },
    });
    // Node itself sends the body of a DELETE without saying how long it is.
    await ask(client, server.origin, { method: 'DELETE', body: 'b' });
    expect(seen).toEqual(['POST grüße', 'PUT a', 'DELETE b']);
    expect(server.headers[0]).toMatchObject({
      'content-length': '7',
      'user-agent': 'tester/1',
      'x-own': 'ä',
    });
    expect(server.headers[1]).toMatchObject({
      'user-agent': 'other',
      'accept-encoding': 'gzip, br, deflate',
    });
    const wrong: Partial<HttpRequest>[] = [
      { headers: { Host: 'metadata.google.internal' } },
      { headers: { 'Transfer-Encoding': 'chunked' } },
      { headers: { 'x-split': 'a\r\nx-evil: 1' } },
      { headers: { 'a b': '1' } },
      { method: 'TRACE' as 'GET' },
      { body: 'x' },
      { tenantId: '' },
      { timeoutMs: 0 },
      { maxBytes: 0.5 },
      { url: 'http://[bad' },
      { url: 'http://me:secret@ /' },
    ];
    for (const more of wrong) {
      const error = await failure(ask(client, server.origin, more));
      expect([more, error.code]).toEqual([more, 'HTTP_REQUEST_INVALID']);
      expect(error.message).not.toMatch(/secret|evil/);
      expect(error.message).toMatch(/^The request cannot be sent: .* Correct it\.$/);
    }
    expect(server.requests).toHaveLength(3);
  });

  it('refuses types that were not asked for, of good answers alone', async () => {
    const server = await serve({
      '/page': (_, response) => response.setHeader('content-type', 'Text/HTML; charset=x').end('p'),
      '/bare': (_, response) => response.end('p'),
      '/gone': (_, response) => response.writeHead(410, { 'content-type': 'text/plain' }).end('p'),
    });
    const client = make();
    const contentTypes = ['application/xml', 'text/html'];
    expect((await ask(client, `${server.origin}/page`, { contentTypes })).status).toBe(200);
    expect((await ask(client, `${server.origin}/page`, { contentTypes: ['TEXT/*'] })).status).toBe(200);
    expect((await ask(client, `${server.origin}/gone`, { contentTypes })).status).toBe(410);
    const error = await failure(ask(client, `${server.origin}/bare`, { contentTypes }));
    expect(error.message).toBe(
      `${server.origin}/bare is application/octet-stream, not one of application/xml, text/html. ` +
        'Check that the address leads to what is wanted.',
    );
  });

  it('stops at the size limit: announced, sent, unpacked, or endless', async () => {
    let sent = 0;
    const endless = (response: ServerResponse, chunk: Buffer) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        response.once('drain', more);
      };
      more();
    };
    const server = await serve({
      '/exact': (_, response) => response.end('x'.repeat(100_000)),
      '/announced': (_, response) => response.writeHead(200, { 'content-length': '100001' }).flushHeaders(),
      '/bomb': (_, response) =>
        response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(30_000_000))),
      '/endless': (_, response) => endless(response, Buffer.alloc(10_000)),
      '/nothing': (_, response) =>
        endless(response.setHeader('content-encoding', 'gzip'), Buffer.concat(Array(500).fill(gzipSync('')))),
    });
    const client = make({ maxBytes: 100_000 });
    expect((await ask(client, `${server.origin}/exact`)).body).toHaveLength(100_000);
    for (const path of ['/announced', '/bomb', '/endless', '/nothing']) {
      const error = await failure(ask(client, server.origin + path));
      expect([path, error.code, error.retryable]).toEqual([path, 'HTTP_TOO_LARGE', false]);
    }
    expect((await failure(ask(client, `${server.origin}/exact`, { maxBytes: 99_999 }))).code).toBe(
      'HTTP_TOO_LARGE',
    );
    expect(sent).toBeLessThan(30_000_000);
  });
});

describe('NodeHttpClient: time', () => {
  it('gives up on a server that is slow at any point, however steadily, and in all', async () => {
    const timers: NodeJS.Timeout[] = [];
    const server = await serve({
      '/silent': () => undefined,
      '/body': (_, response) => void timers.push(setInterval(() => response.write('x'), 5)),
      '/headers': ({ socket }) => void timers.push(setInterval(() => socket.write('H'), 5)),
    });
    const client = make({ connectTimeoutMs: 5_000, headersTimeoutMs: 80, bodyTimeoutMs: 100, attempts: 1 });
    const cases: [string, string, Partial<HttpRequest>][] = [
      ['/silent', 'the headers took longer than 80 ms', {}],
      ['/body', 'the body took longer than 100 ms', {}],
      ['/body', 'the whole request took longer than 70 ms', { timeoutMs: 70 }],
    ];
    for (const [path, message, more] of cases) {
      const error = await failure(ask(client, server.origin + path, more));
      expect([path, error.code, error.retryable]).toEqual([path, 'HTTP_TIMEOUT', true]);
      expect(error.message).toBe(`${server.origin}${path} was too slow: ${message}. Try again later.`);
    }
    expect((await failure(ask(client, `${server.origin}/headers`))).code).toMatch(/TIMEOUT|RESPONSE_INVALID/);
    const stuck = make({ connectTimeoutMs: 40, attempts: 1, resolve: () => new Promise(() => {}) });
    expect((await failure(ask(stuck, 'http://stuck.example/'))).message).toContain(
      'the connection took longer than 40 ms',
    );
    timers.forEach(clearInterval);
  });

  it('stops at once with the reason of the signal: looking up, waiting, in the body, between attempts', async () => {
    const reason = new Error('enough');
    let controller = new AbortController();
    const soon = () => setImmediate(() => controller.abort(reason));
    const server = await serve({
      '/silent': soon,
      '/body': (_, response) => response.write('x', () => setTimeout(soon, 5)),
      '/busy': (_, response) => {
        response.writeHead(503, { 'retry-after': '5' }).end();
        setTimeout(soon, 5);
      },
    });
    const client = make();
    for (const path of ['/silent', '/body', '/busy']) {
      controller = new AbortController();
      await expect(ask(client, server.origin + path, { signal: controller.signal })).rejects.toBe(reason);
    }
    const stuck = make({ resolve: () => new Promise(soon) });
    controller = new AbortController();
    await expect(ask(stuck, 'http://stuck.example/', { signal: controller.signal })).rejects.toBe(reason);
    await expect(ask(client, server.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(3);
    expect(client.stats()).toMatchObject({ aborted: 4, inFlight: 0, failures: {} });
  });
});

describe('NodeHttpClient: failures that may pass', () => {
  it('tries again where that may help, and gives the last answer', async () => {
    const seen: Record<string, number> = {};
    const server = await servers.start(({ url = '' }, response) => {
      const count = (seen[url] = (seen[url] ?? 0) + 1);
      const [, what = '', failures = '0'] = url.split('/');
      if (count > Number(failures)) response.end('good');
      else if (what === 'drop') response.destroy();
      else response.writeHead(Number(what)).end('bad');
    });
    // A client each: together they would use up the budget of retries.
    for (const what of ['429', '500', '502', '503', '504', '408', '425', 'drop']) {
      const response = await ask(make(), `${server.origin}/${what}/2`);
      expect([what, text(response), response.attempts]).toEqual([what, 'good', 3]);
    }
    const client = make({ breaker: { minimumCalls: 1_000 } });
    const last = await ask(client, `${server.origin}/503/9`);
    expect([last.status, text(last), last.attempts]).toEqual([503, 'bad', 3]);
    const dropped = await failure(ask(client, `${server.origin}/drop/9`));
    expect(dropped).toMatchObject({ code: 'HTTP_CONNECTION_FAILED', retryable: true });
    for (const [what, more] of [
      ['400', {}],
      ['501', {}],
      ['503', { retry: false }],
      ['503', { method: 'POST' }],
    ] as const) {
      expect((await ask(client, `${server.origin}/${what}/9?${JSON.stringify(more)}`, more)).attempts).toBe(
        1,
      );
    }
    const post = await ask(client, `${server.origin}/500/1/post`, { method: 'POST', retry: true });
    expect([text(post), post.attempts]).toEqual(['good', 2]);
    expect(client.stats()).toMatchObject({
      retries: 2 + 2 + 1,
      failures: { HTTP_CONNECTION_FAILED: 1 },
    });
  });

  it('waits as Retry-After says, and hands over what would take too long', async () => {
    const clock = new FakeClock();
    let retryAfter = '3';
    const server = await serve({
      '/': (_, response) => response.writeHead(503, { 'retry-after': retryAfter }).end(),
    });
    const client = make({ clock, attempts: 2, breaker: { minimumCalls: 100 } });
    const work = ask(client, server.origin);
    await until(() => clock.nextTimerIn() === 3_000);
    expect(server.requests).toHaveLength(1);
    await clock.advance(2_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await work).attempts).toBe(2);
    retryAfter = '6';
    expect(await ask(client, server.origin)).toMatchObject({
      status: 503,
      attempts: 1,
      headers: { 'retry-after': '6' },
    });
  });

  it('spends no more on retries than the budget of the server has', async () => {
    const server = await serve({ '/': (_, response) => response.writeHead(500).end() });
    const client = make({ breaker: { minimumCalls: 1_000 }, maxConcurrentPerHost: 1 });
    for (let at = 0; at < 30; at += 1) await ask(client, server.origin);
    // Ten per ten seconds however few requests there are, and a tenth of the rest.
    expect(server.requests.length).toBe(40);
  });

  it('leaves a server alone that mostly fails, tells when, and finds out that it works again', async () => {
    const clock = new FakeClock();
    let status = 500;
    const server = await serve({ '/': (_, response) => response.writeHead(status).end() });
    const other = await serve({ '/': (_, response) => response.end() });
    const client = make({ clock, attempts: 1, random: () => 0.5, cache: false });
    for (let at = 0; at < 5; at += 1) expect((await ask(client, server.origin)).status).toBe(500);
    const open = await failure(ask(client, server.origin));
    expect(open).toMatchObject({ code: 'HTTP_CIRCUIT_OPEN', retryable: true, retryAfterMs: 60_000 });
    expect(open.message).toContain('Try again in 60 s.');
    expect(StepResult.fromError(open)).toMatchObject({
      errorCategory: 'circuit_breaker_open',
      retryAfterMs: 60_000,
      details: { code: 'HTTP_CIRCUIT_OPEN' },
    });
    expect(client.stats().circuits).toEqual({ [new URL(server.origin).host]: 'open' });
    // The other server is another one; what a client did wrong says nothing about a server.
    expect((await ask(client, other.origin)).status).toBe(200);
    expect(server.requests).toHaveLength(5);

    await clock.advance(60_000);
    expect((await ask(client, server.origin)).status).toBe(500);
    expect((await failure(ask(client, server.origin))).code).toBe('HTTP_CIRCUIT_OPEN');
    await clock.advance(120_000);
    status = 404;
    for (let at = 0; at < 3; at += 1) expect((await ask(client, server.origin)).status).toBe(404);
    expect(client.stats().circuits).toEqual({});
    expect(server.requests).toHaveLength(9);
  });

  it('asks one server so many times at once, and lets tenants take turns', async () => {
    const waiting: ServerResponse[] = [];
    const server = await servers.start((_, response) => void waiting.push(response));
    const client = make({ maxConcurrentPerHost: 2, maxWaitingPerHost: 6, cache: false });
    const of = (tenantId: string) => ask(client, `${server.origin}/${tenantId}`, { tenantId });
    const works = [...Array.from({ length: 6 }, () => of('a')), of('b'), of('b')];
    await until(() => waiting.length === 2);
    expect(client.stats().inFlight).toBe(8);
    const full = await failure(of('c'));
    expect(full).toMatchObject({ code: 'HTTP_OVERLOADED', retryable: true });
    for (let served = 0; served < 8; served += 1) {
      await until(() => waiting.length > 0);
      expect(waiting.length).toBeLessThanOrEqual(2);
      waiting.shift()?.end();
    }
    await Promise.all(works);
    // Tenant b came last and was not last.
    expect(server.requests.slice(0, 5).filter((line) => line.endsWith('/b')).length).toBeGreaterThan(0);
  });

  it('tells what is wrong with a connection', async () => {
    const garbage = createTcpServer((socket) => socket.resume().end('NOT HTTP\r\n\r\n'));
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    const address = garbage.address();
    const garbagePort = typeof address === 'object' ? address?.port : 0;
    const server = await serve({
      '/many': (_, response) => response.writeHead(200, { 'x-big': 'x'.repeat(100_000) }).end(),
      '/cut': (_, response) =>
        response.writeHead(200, { 'content-length': '50' }).write('x', () => response.destroy()),
      '/chunk': (_, response) => response.write('x', () => response.destroy()),
    });
    const client = make({ attempts: 1, breaker: { minimumCalls: 100 } });
    const resolve = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    const cases: [string, string, NodeHttpClient][] = [
      [`http://127.0.0.1:${String(garbagePort)}/`, 'HTTP_RESPONSE_INVALID', client],
      [`${server.origin}/many`, 'HTTP_RESPONSE_INVALID', client],
      [`${server.origin}/cut`, 'HTTP_CONNECTION_FAILED', client],
      [`${server.origin}/chunk`, 'HTTP_CONNECTION_FAILED', client],
      [`https://127.0.0.1:${String(server.port)}/`, 'HTTP_TLS_FAILED', client],
      ['http://gone.example/', 'HTTP_HOST_UNKNOWN', make({ resolve: resolve('ENOTFOUND') })],
      ['http://gone.example/', 'HTTP_HOST_UNKNOWN', make({ resolve: () => Promise.resolve([]) })],
      ['http://a.example/', 'HTTP_CONNECTION_FAILED', make({ attempts: 1, resolve: resolve('EAI_AGAIN') })],
    ];
    for (const [url, code, by] of cases) {
      const error = await failure(ask(by, url));
      expect([url, error.code]).toEqual([url, code]);
    }
    await server.close();
    expect((await failure(ask(client, `${server.origin}/x`))).code).toBe('HTTP_CONNECTION_FAILED');
    client.close();
    expect((await failure(ask(client, `${server.origin}/x`))).code).toBe('HTTP_CLOSED');
    await new Promise((done) => garbage.close(done));
  });

  it('uses a connection again, but not for what may be sent once only', async () => {
    const server = await serve({ '/': (_, response) => response.end('x') });
    const client = make({ cache: false });
    for (let at = 0; at < 3; at += 1) await ask(client, server.origin);
    expect(server.connections).toBe(1);
    for (let at = 0; at < 2; at += 1) await ask(client, server.origin, { method: 'POST', body: 'x' });
    expect(server.connections).toBe(3);
    const brief = make({ cache: false, keepAliveMs: 0 });
    for (let at = 0; at < 2; at += 1) await ask(brief, server.origin);
    expect(server.connections).toBe(5);
  });
});

describe('NodeHttpClient: redirects', () => {
  it('follows them up to the limit, and tells where it ended', async () => {
    const server = await servers.start(({ url = '' }, response) => {
      const left = Number(url.slice(1));
      if (left === 0) response.end('arrived');
      else
        response
          .writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `./${String(left - 1)}` })
          .end('m');
    });
    const client = make();
    const response = await ask(client, `${server.origin}/5`);
    expect([response.url, text(response), response.attempts]).toEqual([`${server.origin}/0`, 'arrived', 6]);
    expect((await failure(ask(client, `${server.origin}/6`))).message).toBe(
      `${server.origin}/6 still redirected after 5 redirects. Ask for the final address.`,
    );
    expect(client.stats()).toMatchObject({
      requests: 2,
      redirects: 10,
      sent: 12,
      failures: { HTTP_TOO_MANY_REDIRECTS: 1 },
    });
  });

  it('changes the method as it should, keeps credentials to one origin, and sends no body elsewhere', async () => {
    const target = await serve({ '/': (_, response) => response.end('there') });
    const server = await servers.start((incoming, response) => {
      const [, status = '', where = ''] = (incoming.url ?? '').split('/');
      if (status === 'end')
        void bodyOf(incoming).then((body) => response.end(`${incoming.method ?? ''} ${body}`));
      else
        response
          .writeHead(Number(status), { location: where === 'here' ? '/end' : `${target.origin}/` })
          .end();
    });
    const client = make();
    const post = { method: 'POST', body: 'secret', headers: { 'Content-Type': 'text/plain' } } as const;
    for (const [status, expected] of [
      [301, 'GET '],
      [302, 'GET '],
      [303, 'GET '],
      [307, 'POST secret'],
      [308, 'POST secret'],
    ] as const) {
      expect(text(await ask(client, `${server.origin}/${status}/here`, post))).toBe(expected);
    }
    expect(server.headers.filter((headers) => headers['content-type'] !== undefined)).toHaveLength(5 + 2);
    expect(await failure(ask(client, `${server.origin}/307/away`, post))).toMatchObject({
      code: 'HTTP_REDIRECT_REFUSED',
      retryable: false,
    });
    expect(target.requests).toEqual([]);

    const headers = { Authorization: 'Bearer x', Cookie: 'a=b', 'X-Api-Key': 'k', Accept: 'text/plain' };
    await ask(client, `${server.origin}/302/here`, { headers });
    expect(server.headers.at(-1)).toMatchObject({
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-api-key': 'k',
    });
    await ask(client, `${server.origin}/302/away`, { headers });
    expect(target.headers.at(-1)).toMatchObject({ accept: 'text/plain' });
    expect(Object.keys(target.headers.at(-1) ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(authorization|cookie|x-api-key)$/)]),
    );
  });

  it('asks an https server by the name in its certificate, at the address that was judged, and stays with https', async () => {
    const plain = await serve({ '/': (_, response) => response.end('plain') });
    const server = await serve(
      {
        '/': (_, response) => response.end('secure'),
        '/down': (_, response) => response.writeHead(302, { location: plain.origin }).end(),
        '/odd': (_, response) => response.writeHead(302, { location: 'http://[bad' }).end(),
      },
      { tls: true },
    );
    const asked: string[] = [];
    const options: NodeHttpClientOptions = {
      tls: { ca: LOCAL_TLS.cert },
      attempts: 1,
      resolve: (name) => {
        asked.push(name);
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      },
    };
    const client = make(options);
    const origin = `https://secure.example:${String(server.port)}`;
    expect(text(await ask(client, `${origin}/`))).toBe('secure');
    expect(asked).toEqual(['secure.example']);
    for (const path of ['/down', '/odd']) {
      expect((await failure(ask(client, origin + path))).code).toBe('HTTP_REDIRECT_REFUSED');
    }
    expect(plain.requests).toEqual([]);
    expect((await failure(ask(client, `https://other.example:${String(server.port)}/`))).code).toBe(
      'HTTP_TLS_FAILED',
    );
    const trusting = make({ ...options, tls: {} });
    expect((await failure(ask(trusting, `${origin}/`))).code).toBe('HTTP_TLS_FAILED');
  });

  it('does not go to the address of cloud metadata, wherever it is told to', async () => {
    const server = await servers.start(({ url = '' }, response) =>
      response.writeHead(302, { location: decodeURIComponent(url.slice(1)) }).end(),
    );
    const client = make({ resolve: () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]) });
    for (const target of [
      'http://169.254.169.254/latest/meta-data/',
      'http://[fd00:ec2::254]/',
      'http://[::ffff:169.254.169.254]/',
      'http://2852039166/',
      'http://metadata.google.internal/',
      'http://innocent.example/',
    ]) {
      const error = await failure(ask(client, `${server.origin}/${encodeURIComponent(target)}`));
      expect([target, error.code]).toEqual([target, 'HTTP_ADDRESS_FORBIDDEN']);
    }
  });
});

describe('NodeHttpClient: options', () => {
  it('refuses options that cannot be meant', () => {
    expect(() => make({ timeoutMs: 0 })).toThrow('timeoutMs must be a whole number >= 1, got 0');
    expect(() => make({ attempts: 21 })).toThrow('attempts must be a whole number from 1 to 20, got 21');
    expect(() => make({ maxBytes: NaN })).toThrow('maxBytes must be');
    expect(() => make({ breaker: { failureRatio: 0 } })).toThrow(
      'breaker.failureRatio must be a number above 0',
    );
    expect(() => make({ cache: { maxEntries: 0 } })).toThrow('cache.maxEntries must be');
    expect(() => make({ userAgent: 'a\nb' })).toThrow('userAgent must be printable ASCII');
    for (const entry of ['10.0.0.0/33', 'localhost', '010.0.0.1', '10/8', '::/129', '']) {
      expect(() => make({ allowAddresses: ['10.0.0.1', entry] })).toThrow(
        new TypeError(`allowAddresses[1] must be an address or a CIDR range, got "${entry}"`),
      );
    }
  });
});

/** Lets real I/O go on until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !holds(); turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}
