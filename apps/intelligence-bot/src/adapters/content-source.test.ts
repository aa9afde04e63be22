import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, OrchestrationContext, OrchestrationFacade, StepResult } from '@kapelle/core';
import { NodeHttpClient } from '@kapelle/orchestrators';
import type { RequestListener, ServerResponse } from 'node:http';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { FileOrHttpContentSource, type FileOrHttpContentSourceOptions } from './content-source.js';
import { listContentFiles } from './file-content.js';
import { LocalServers } from './fixtures/local-server.js';
import { sourceFailure as failure } from './fixtures/source-failure.js';

const signal = new AbortController().signal;
const text = (content: { bytes: Uint8Array }) => Buffer.from(content.bytes).toString();

describe('FileOrHttpContentSource: files', () => {
  let folder: string;
  const source = new FileOrHttpContentSource({ maxBytes: 1_000 });
  const acquire = (uri: string) => source.acquire(uri, { signal });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'content-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reads absolute and relative paths and file URLs, whatever the name', async () => {
    const path = join(folder, 'tälk #1?%41 .vtt');
    writeFileSync(path, 'WEBVTT');
    for (const uri of [path, relative(process.cwd(), path), pathToFileURL(path).href]) {
      const content = await acquire(uri);
      expect({ ...content, bytes: text(content) }).toEqual({
        uri: path,
        name: 'tälk #1?%41 .vtt',
        bytes: 'WEBVTT',
      });
    }
    writeFileSync(join(folder, 'notes:today'), 'x');
    expect(text(await acquire(join(folder, 'notes:today')))).toBe('x');
  });

  it('takes a file of exactly the limit and refuses one byte more', async () => {
    writeFileSync(join(folder, 'full.txt'), 'x'.repeat(1_000));
    writeFileSync(join(folder, 'over.txt'), 'x'.repeat(1_001));
    expect((await acquire(join(folder, 'full.txt'))).bytes).toHaveLength(1_000);
    expect(await failure(acquire(join(folder, 'over.txt')))).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      retryable: false,
      message: `"${join(folder, 'over.txt')}" has 1001 bytes; the limit is 1000 bytes. Split it into smaller ones.`,
    });
  });

  it('does not believe the size a file tells', async () => {
    // Files of the kernel say they are empty.
    if (process.platform !== 'linux') return;
    expect(text(await source.acquire('/proc/self/statm', { signal }))).toMatch(/^\d/);
    const small = new FileOrHttpContentSource({ maxBytes: 5 });
    expect((await failure(small.acquire('/proc/self/statm', { signal }))).message).toContain(
      'is larger; the limit',
    );
  });

  it('says why something cannot be read', async () => {
    const codes: Record<string, [string, string]> = {
      [join(folder, 'none.txt')]: [
        'SOURCE_NOT_FOUND',
        `There is no "${join(folder, 'none.txt')}". Check the`,
      ],
      [folder]: ['SOURCE_IS_FOLDER', `"${folder}" is a folder. Name a file in it, or list its files first.`],
      [join(folder, 'a.txt', 'b')]: ['SOURCE_NOT_READABLE', 'a part of the path is a file'],
      ['a\0b']: ['SOURCE_NOT_READABLE', 'cannot be read'],
      ['  ']: ['SOURCE_NOT_FOUND', 'Give a path or a URL.'],
      ['file://host/share']:
        process.platform === 'win32' ? ['', ''] : ['SOURCE_NOT_READABLE', 'not a valid URL'],
      ['http://[::1/x']: ['SOURCE_NOT_READABLE', '"http://[::1/x" is not a valid URL. Check its spelling.'],
      ['http://me:secret@ /']: ['SOURCE_NOT_READABLE', '"http://…@ /" is not a valid URL'],
      ['ftp://example.org/x']: ['SOURCE_UNSUPPORTED_SCHEME', 'Use http, https or file; write "./" in front'],
      ['data:text/plain,x']: ['SOURCE_UNSUPPORTED_SCHEME', '"data:text/plain,x" has a scheme'],
      ['JavaScript:1']: ['SOURCE_UNSUPPORTED_SCHEME', 'has a scheme that cannot be read'],
    };
    writeFileSync(join(folder, 'a.txt'), '');
    for (const [uri, [code, message]] of Object.entries(codes)) {
      if (code === '') continue;
      const error = await failure(acquire(uri));
      expect([uri, error.code, error.retryable]).toEqual([uri, code, false]);
      expect(error.message).toContain(message);
    }
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect((await failure(acquire(join(folder, 'pipe')))).message).toContain('it is a device or a pipe');
    writeFileSync(join(folder, 'locked'), 'x');
    chmodSync(join(folder, 'locked'), 0);
    if (process.getuid?.() === 0) return;
    expect((await failure(acquire(join(folder, 'locked')))).message).toContain('this user has no permission');
  });

  it('stops reading when the signal fires', async () => {
    const reason = new Error('enough');
    const large = join(folder, 'large.txt');
    writeFileSync(large, Buffer.alloc(20 * 1024 * 1024));
    const controller = new AbortController();
    const reading = new FileOrHttpContentSource().acquire(large, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(reading).rejects.toBe(reason);
    await expect(source.acquire(large, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('lists the content files of a folder in order, and refuses too many', async () => {
    for (const name of [
      'b.vtt',
      'a.SRT',
      'sub/c.md',
      'sub/deep/d.json',
      '.hidden.txt',
      '.git/e.txt',
      'f.png',
      'noext',
    ]) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
    mkdirSync(join(folder, 'folder.txt'));
    symlinkSync(folder, join(folder, 'sub', 'circle'));
    symlinkSync(join(folder, 'b.vtt'), join(folder, 'link.vtt'));
    symlinkSync(join(folder, 'gone'), join(folder, 'broken.vtt'));
    const names = (await listContentFiles(folder)).map((path) => relative(folder, path));
    expect(names).toEqual(
      ['a.SRT', 'b.vtt', 'link.vtt', 'sub/c.md', 'sub/deep/d.json'].map((name) => join(name)),
    );
    expect(await listContentFiles(folder, { maxFiles: 5 })).toHaveLength(5);
    expect(await failure(listContentFiles(folder, { maxFiles: 4 }))).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      message: `"${folder}" holds more than 4 content files. Name a smaller folder, or its folders one by one.`,
    });
    expect((await failure(listContentFiles(join(folder, 'none')))).code).toBe('SOURCE_NOT_FOUND');
    expect((await failure(listContentFiles(join(folder, 'b.vtt')))).code).toBe('SOURCE_NOT_READABLE');
    await expect(listContentFiles(folder, { signal: AbortSignal.abort(signal) })).rejects.toBe(signal);
  });

  it('refuses options that cannot be meant', () => {
    const make = (options: FileOrHttpContentSourceOptions) => () => new FileOrHttpContentSource(options);
    expect(make({ maxBytes: 0 })).toThrow(new RangeError('maxBytes must be a whole number >= 1, got 0'));
    expect(make({ bodyTimeoutMs: NaN })).toThrow('bodyTimeoutMs must be a whole number >= 1, got NaN');
    expect(make({ maxRedirects: -1 })).toThrow('maxRedirects must be a whole number >= 0, got -1');
    for (const entry of [
      '10.0.0.0/33',
      'localhost',
      '10.0.0.0/',
      '010.0.0.1',
      '10/8',
      '::/129',
      '1.2.3.4/8/8',
      '',
    ]) {
      expect(make({ allowAddresses: ['10.0.0.1', entry] })).toThrow(
        new TypeError(`allowAddresses[1] must be an address or a CIDR range, got "${entry}"`),
      );
    }
  });
});

const servers = new LocalServers();
const serve = (handler: RequestListener) => servers.start(handler);
afterEach(() => servers.close());

const LOOPBACK = { allowAddresses: ['127.0.0.1'] };

describe('FileOrHttpContentSource: web servers', () => {
  const get = (uri: string, options: FileOrHttpContentSourceOptions = {}) =>
    new FileOrHttpContentSource({ ...LOOPBACK, maxBytes: 100_000, ...options }).acquire(uri, { signal });

  it('gives the bytes, the name and what the server said about them', async () => {
    const server = await serve((_, response) => {
      response.setHeader('content-type', 'Text/HTML; version=1; Charset="ISO-8859-1"').end('<p>hello');
    });
    const content = await get(`  ${server.origin}/a%20b/t%C3%A4lk.html?x=1#part `);
    expect({ ...content, bytes: text(content) }).toEqual({
      uri: `${server.origin}/a%20b/t%C3%A4lk.html?x=1`,
      name: 'tälk.html',
      bytes: '<p>hello',
      mediaType: 'text/html',
      charset: 'iso-8859-1',
    });
    expect((await get(server.origin)).name).toBe('127.0.0.1');
    expect((await get(`${server.origin}/bad%E0name/`)).name).toBe('bad%E0name');
    expect(server.requests[0]).toBe('GET /a%20b/t%C3%A4lk.html?x=1');
  });

  it('unpacks what it asked to be packed, and nothing else', async () => {
    const body = 'many words '.repeat(1_000);
    const packed: Record<string, Buffer> = {
      gzip: gzipSync(body),
      'X-GZIP': gzipSync(body),
      deflate: deflateSync(body),
      br: brotliCompressSync(body),
      identity: Buffer.from(body),
    };
    const server = await serve((incoming, response) => {
      const encoding = decodeURIComponent((incoming.url ?? '').slice(1));
      response
        .setHeader('content-encoding', encoding)
        .end(packed[encoding] ?? packed['gzip']?.subarray(0, 20));
    });
    for (const encoding of Object.keys(packed))
      expect(text(await get(`${server.origin}/${encoding}`))).toBe(body);
    for (const encoding of ['zstd', 'gzip, gzip']) {
      const error = await failure(get(`${server.origin}/${encodeURIComponent(encoding)}`));
      expect(error).toMatchObject({ code: 'SOURCE_NOT_READABLE', retryable: false });
      expect(error.message).toContain(`is packed as "${encoding}", which cannot be unpacked`);
    }
    packed['gzip'] = gzipSync(body).subarray(0, 30);
    expect(await failure(get(`${server.origin}/gzip`))).toMatchObject({
      code: 'SOURCE_NOT_READABLE',
      retryable: true,
    });
    packed['gzip'] = Buffer.from('this is not packed at all');
    expect(await failure(get(`${server.origin}/gzip`))).toMatchObject({
      code: 'SOURCE_NOT_READABLE',
      retryable: false,
    });
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
    const routes: Record<string, (response: ServerResponse) => void> = {
      '/exact': (response) => response.end('x'.repeat(100_000)),
      '/announced': (response) => response.writeHead(200, { 'content-length': '100001' }).flushHeaders(),
      '/chunked': (response) => {
        response.write('x'.repeat(60_000));
        response.end('x'.repeat(60_000));
      },
      '/bomb': (response) =>
        response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(30_000_000))),
      '/endless': (response) => endless(response, Buffer.alloc(10_000)),
      // Empty members of gzip: unpacks to nothing, for ever.
      '/nothing': (response) =>
        endless(response.setHeader('content-encoding', 'gzip'), Buffer.concat(Array(500).fill(gzipSync('')))),
    };
    const server = await serve((incoming, response) => routes[incoming.url ?? '']?.(response));
    expect((await get(`${server.origin}/exact`)).bytes).toHaveLength(100_000);
    for (const path of ['/announced', '/chunked', '/bomb', '/endless', '/nothing']) {
      const error = await failure(get(server.origin + path));
      expect([path, error.code, error.retryable]).toEqual([path, 'SOURCE_TOO_LARGE', false]);
      expect(error.message).toContain(path === '/announced' ? 'announces 100001 bytes' : 'is larger');
      expect(error.message).toContain('the limit is 100000 bytes. Split it into smaller ones.');
    }
    // What the sockets hold, but not for ever.
    expect(sent).toBeLessThan(30_000_000);
  });

  it('follows redirects up to the limit, and tells where it ended', async () => {
    const server = await serve((incoming, response) => {
      const left = Number((incoming.url ?? '').slice(1));
      if (left > 0) {
        response.writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `./${String(left - 1)}` });
        response.end('moved');
      } else response.end('arrived');
    });
    const content = await get(`${server.origin}/4`);
    expect([content.uri, text(content)]).toEqual([`${server.origin}/0`, 'arrived']);
    expect(await failure(get(`${server.origin}/5`))).toMatchObject({
      code: 'SOURCE_TOO_MANY_REDIRECTS',
      message: `${server.origin}/5 still redirected after 4 redirects. Open it in a browser and use the final address.`,
    });
    expect((await failure(get(`${server.origin}/1`, { maxRedirects: 0 }))).code).toBe(
      'SOURCE_TOO_MANY_REDIRECTS',
    );
    // Only what was asked for: five hops and five hops and one.
    expect(server.requests).toHaveLength(11);
  });

  it('tells the status, and whether and when to come back', async () => {
    const headers: Record<string, Record<string, string>> = {
      429: { 'retry-after': '7' },
      503: { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
      500: { 'retry-after': 'soon' },
      502: { 'retry-after': '99999999999' },
    };
    const server = await serve((incoming, response) => {
      const status = (incoming.url ?? '').slice(1, 4);
      response.writeHead(Number(status), headers[status]).end('secret details');
    });
    const seen = [];
    for (const status of [301, 304, 401, 404, 429, 500, 502, 503]) {
      const error = await failure(get(`${server.origin}/${String(status)}?token=abc`));
      expect(error.code).toBe('SOURCE_HTTP_STATUS');
      expect(error.message).toMatch(
        new RegExp(`^${server.origin}/${String(status)}\\?… answered with status ${String(status)}\\. `),
      );
      seen.push([error.status, error.retryable, error.retryAfterMs]);
    }
    expect(seen).toEqual([
      [301, false, undefined],
      [304, false, undefined],
      [401, false, undefined],
      [404, false, undefined],
      [429, true, 7_000],
      [500, true, undefined],
      [502, true, 86_400_000],
      [503, true, 30_000],
    ]);
  });

  it('gives up on a server that is slow at any point, however steadily', async () => {
    const timers: NodeJS.Timeout[] = [];
    const drip = (write: () => void) => timers.push(setInterval(write, 10));
    const server = await serve((incoming, response) => {
      if (incoming.url === '/body') drip(() => response.write('x'));
      // Headers that never end, a byte at a time, below the HTTP library.
      if (incoming.url === '/headers') drip(() => incoming.socket.write(timers.length > 0 ? 'H' : ''));
      if (incoming.url === '/again')
        response.writeHead(302, { location: '/silent', 'content-length': 0 }).end();
    });
    const limits = { connectTimeoutMs: 60, headersTimeoutMs: 80, bodyTimeoutMs: 100 };
    const cases: [string, string][] = [
      ['/silent', 'the headers took longer than 80 ms'],
      ['/again', 'the headers took longer than 80 ms'],
      ['/body', 'the body took longer than 100 ms'],
    ];
    for (const [path, message] of cases) {
      const error = await failure(get(server.origin + path, limits));
      expect([path, error.code, error.retryable]).toEqual([path, 'SOURCE_TIMEOUT', true]);
      expect(error.message).toContain(`was too slow: ${message}. Try again later.`);
    }
    expect((await failure(get(`${server.origin}/headers`, limits))).code).toMatch(/TIMEOUT|NOT_READABLE/);
    const stuck = await failure(
      get('http://stuck.example/', { ...limits, resolve: () => new Promise(() => {}) }),
    );
    expect(stuck.message).toContain('the connection took longer than 60 ms');
    timers.forEach(clearInterval);
  });

  it('tells a missing host from one that cannot be reached or breaks off', async () => {
    const server = await serve((incoming, response) => {
      if (incoming.url === '/drop') response.destroy();
      if (incoming.url === '/cut')
        response.writeHead(200, { 'content-length': '50' }).write('x', () => response.destroy());
      if (incoming.url === '/chunk') response.write('x', () => response.destroy());
      if (incoming.url === '/garbage') incoming.socket.end('NOT HTTP\r\n\r\n');
      if (incoming.url === '/nowhere') response.writeHead(302, { location: 'http://[bad' }).end();
      if (incoming.url === '/many') response.writeHead(200, { 'x-big': 'x'.repeat(100_000) }).end();
    });
    const resolve = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    const missing = await failure(get('http://nowhere.example/', { resolve: resolve('ENOTFOUND') }));
    expect(missing).toMatchObject({ code: 'SOURCE_NOT_FOUND', retryable: false });
    expect(missing.message).toBe('There is no host "nowhere.example". Check the spelling of the address.');
    expect((await failure(get('http://nowhere.example/', { resolve: () => Promise.resolve([]) }))).code).toBe(
      'SOURCE_NOT_FOUND',
    );
    expect(await failure(get('http://a.example/', { resolve: resolve('EAI_AGAIN') }))).toMatchObject({
      code: 'SOURCE_NOT_READABLE',
      retryable: true,
    });
    for (const path of ['/drop', '/cut', '/chunk']) {
      const error = await failure(get(server.origin + path));
      expect([path, error.code, error.retryable]).toEqual([path, 'SOURCE_NOT_READABLE', true]);
    }
    for (const path of ['/garbage', '/nowhere', '/many']) {
      const error = await failure(get(server.origin + path));
      expect([path, error.code, error.retryable]).toEqual([path, 'SOURCE_NOT_READABLE', false]);
    }
    expect(await failure(get(`https://127.0.0.1:${String(server.port)}/`))).toMatchObject({
      code: 'SOURCE_NOT_READABLE',
    });
    await server.close();
    expect(await failure(get(`${server.origin}/x`))).toMatchObject({
      code: 'SOURCE_NOT_READABLE',
      retryable: true,
    });
  });

  it('goes nowhere inside, not by a redirect either, and says how to allow it', async () => {
    const canary = await serve((_, response) => response.end('the canary sings'));
    const server = await serve((_, response) =>
      response.writeHead(302, { location: `http://[::1]:${String(canary.port)}/` }).end(),
    );
    for (const [uri, address] of [
      [`http://localhost:${String(canary.port)}/`, '127.0.0.1,::1'],
      [`http://2130706433:${String(canary.port)}/`, '127.0.0.1'],
      ['http://169.254.169.254/latest/', '169.254.169.254'],
    ] as const) {
      const error = await failure(get(uri, { allowAddresses: [] }));
      expect([uri, error.code]).toEqual([uri, 'SOURCE_BLOCKED_ADDRESS']);
      expect(error.message).toMatch(
        `Use a public address, or allow this one with KAPELLE_ALLOW_ADDRESSES=${address}.`,
      );
    }
    expect((await failure(get(server.origin))).message).toContain(
      '::1 is not an address of the public internet',
    );
    expect((await failure(get(`http://me:pw@127.0.0.1:${String(canary.port)}/`))).message).toContain(
      'carries a user name or password. Remove what stands before the "@".',
    );
    expect(canary.requests).toEqual([]);
  });

  it('uses the client it is given, whose tenant is that of the call', async () => {
    const server = await serve((_, response) =>
      response.setHeader('cache-control', 'max-age=60').end(String(server.requests.length)),
    );
    const http = new NodeHttpClient(LOOPBACK);
    const source = new FileOrHttpContentSource({ http });
    const acquire = async () => text(await source.acquire(server.origin, { signal }));
    // Outside of a call nothing is stored.
    expect([await acquire(), await acquire()]).toEqual(['1', '2']);
    const facade = new OrchestrationFacade();
    facade.register(
      new (class extends BaseOrchestrator {
        constructor() {
          super({ layer: 'domain', name: 'reader', type: 'business_logic' });
        }
        override async orchestrate() {
          return StepResult.ok(await acquire());
        }
      })(),
    );
    const read = async (tenantId: string) =>
      (await facade.orchestrate('reader', OrchestrationContext.create({ tenantId }))).data;
    expect([await read('a'), await read('a'), await read('b')]).toEqual(['3', '3', '4']);
    http.close();
    expect(() => new FileOrHttpContentSource({ http, allowAddresses: [], maxRedirects: 1 })).toThrow(
      'http and maxRedirects, allowAddresses exclude each other. Give these options to the HTTP client.',
    );
  });

  it('stops at once when the signal fires: looking up, waiting, or in the body', async () => {
    const reason = new Error('enough');
    const cases: [string, Partial<FileOrHttpContentSourceOptions>][] = [
      ['http://stuck.example/', { resolve: () => new Promise(() => {}) }],
      ['/silent', {}],
      ['/body', {}],
    ];
    const controllers: AbortController[] = [];
    const server = await serve((incoming, response) => {
      if (incoming.url === '/body') response.write('x');
      setImmediate(() => controllers.at(-1)?.abort(reason));
    });
    for (const [path, options] of cases) {
      const controller = new AbortController();
      controllers.push(controller);
      const uri = path.startsWith('/') ? server.origin + path : path;
      const work = new FileOrHttpContentSource({ ...LOOPBACK, ...options }).acquire(uri, {
        signal: controller.signal,
      });
      if (uri === path) setImmediate(() => controller.abort(reason));
      await expect(work).rejects.toBe(reason);
    }
    await expect(
      new FileOrHttpContentSource().acquire('http://x.example', { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });
});
