import { afterEach, describe, expect, it } from '@jest/globals';
import { NodeHttpClient, type NodeHttpClientOptions } from '@kapelle/orchestrators';
import { REST, Routes } from 'discord.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LocalServer, LocalServers } from '../adapters/fixtures/local-server.js';
import { chatErrorOf } from './discord-error.js';
import { discordHttp, restOver } from './discord-http.js';

const CHANNEL = Routes.channelMessages('100000000000000001');
const ANSWER = Routes.webhookMessage('900000000000000001', 'answer-token');

const servers = new LocalServers();
afterEach(() => servers.close());

/** The library's REST interface over the client, at a server that answers as it is told. */
async function asking(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  limits: NodeHttpClientOptions = {},
): Promise<{ rest: REST; http: NodeHttpClient; server: LocalServer }> {
  const server = await servers.start((request, response) => {
    request.resume().once('end', () => answer(response, request));
  });
  const http = new NodeHttpClient({ allowAddresses: ['127.0.0.1'], attempts: 1, cache: false, ...limits });
  const rest = new REST({ ...restOver(http), api: `${server.origin}/api` }).setToken('a.real.token');
  return { rest, http, server };
}

const json = (response: ServerResponse, body: unknown, status = 200, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

async function failure(asked: Promise<unknown>): Promise<{ code: string; message: string; cause: unknown }> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => chatErrorOf(reason),
  );
  if (error === undefined) throw new Error('It was answered.');
  return { code: error.code, message: error.message, cause: error.cause };
}

describe("Discord's REST interface over the HTTP client", () => {
  it('gives what was answered, and sends what was said with the token', async () => {
    const seen: unknown[] = [];
    const { rest, http, server } = await asking((response, { headers, method }) => {
      seen.push([method, headers.authorization, headers['user-agent']?.slice(0, 10)]);
      if (method === 'DELETE') response.writeHead(204).end();
      else json(response, { id: '1' });
    });
    expect(await rest.get(CHANNEL, { query: new URLSearchParams({ limit: '2' }) })).toEqual({ id: '1' });
    expect(await rest.put(CHANNEL, { body: [{ name: 'x' }] })).toEqual({ id: '1' });
    expect(await rest.delete(CHANNEL)).toMatchObject({ byteLength: 0 });
    expect(seen).toEqual(
      ['GET', 'PUT', 'DELETE'].map((method) => [method, 'Bot a.real.token', 'DiscordBot']),
    );
    expect([http.stats().sent, server.requests[0]]).toEqual([3, `GET /api/v10${CHANNEL}?limit=2`]);
  });

  it('sends files whole, whatever bytes they have, and the message with them', async () => {
    const parts: unknown[] = [];
    const data = Buffer.from(
      Uint8Array.from({ length: 6 * 1024 * 1024 }, (_, at) => (at * 31 + (at >> 8)) % 256),
    );
    const server = await servers.start((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        const headers = { 'content-type': request.headers['content-type'] ?? '' };
        void new Response(Buffer.concat(chunks), { headers }).formData().then(async (form) => {
          for (const [name, part] of form.entries()) {
            if (typeof part === 'string') parts.push([name, JSON.parse(part)]);
            else parts.push([name, part.name, part.type, Buffer.from(await part.arrayBuffer()).equals(data)]);
          }
          json(response, { id: '1' });
        });
      });
    });
    const http = discordHttp({ api: `${server.origin}/api`, allowAddresses: [] });
    const rest = new REST({ ...restOver(http), api: `${server.origin}/api` }).setToken('t');
    const file = { name: 'große “Datei”.bin', data, contentType: 'application/octet-stream' };
    await rest.post(CHANNEL, { body: { content: 'here' }, files: [file] });
    expect(parts).toEqual([
      ['files[0]', 'große “Datei”.bin', 'application/octet-stream', true],
      ['payload_json', { content: 'here' }],
    ]);
    http.close();
  });

  it('leaves it to the library to wait where there were too many, as long as the server says', async () => {
    const at: number[] = [];
    const { rest, http } = await asking((response) => {
      at.push(performance.now());
      if (at.length === 1) json(response, { retry_after: 0.3, global: false }, 429, { 'retry-after': '0.3' });
      else if (at.length === 2) {
        json(response, {}, 200, {
          'x-ratelimit-limit': '1',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset-after': '0.4',
        });
      } else json(response, {});
    });
    await rest.post(CHANNEL, { body: {} });
    await rest.post(CHANNEL, { body: {} });
    expect(at).toHaveLength(3);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(299);
    // The bucket was empty: the third came only when it was said to be full again.
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(399);
    expect(http.stats()).toMatchObject({ sent: 3, retries: 0, circuits: {} });
  });

  it('leaves a server that mostly fails alone, after what the library has tried itself', async () => {
    const { rest, http, server } = await asking((response) => json(response, {}, 503));
    expect(await failure(rest.get(CHANNEL))).toMatchObject({
      code: 'CHAT_UNREACHABLE',
      message: expect.stringContaining('Discord answered 503') as unknown,
    });
    expect(server.requests).toHaveLength(4);
    const left = await failure(rest.get(CHANNEL));
    expect(left.code).toBe('CHAT_UNREACHABLE');
    expect(left.message).toContain('has mostly failed lately and is left alone');
    expect(server.requests).toHaveLength(5);
    expect(http.stats()).toMatchObject({ sent: 5, retries: 0, failures: { HTTP_CIRCUIT_OPEN: 1 } });
    expect(Object.values(http.stats().circuits)).toEqual(['open']);
  });

  it('does not wait for ever, and posts nothing twice', async () => {
    const { rest, server } = await asking(() => {}, { headersTimeoutMs: 150, breaker: { minimumCalls: 50 } });
    const posted = await failure(rest.post(CHANNEL, { body: {} }));
    expect(posted.message).toMatch(
      /^Discord cannot be reached: http:\/\/127\.0\.0\.1:\d+ was too slow: the headers took longer than 150 ms\. Try again later\.$/,
    );
    expect(server.requests).toHaveLength(1);
    // What can be asked twice is asked four times, as the library does it.
    const edited = await failure(rest.patch(ANSWER, { body: {}, auth: false }));
    expect(edited.cause).toMatchObject({ code: 'HTTP_TIMEOUT' });
    expect(server.requests).toHaveLength(5);
  });

  it('is asked again by the library where the connection was reset, and not where nothing listens to a post', async () => {
    const { rest, server } = await asking((_response, { socket }) => void socket.resetAndDestroy(), {
      breaker: { minimumCalls: 50 },
    });
    const lost = await failure(rest.post(CHANNEL, { body: {} }));
    expect([lost.code, lost.cause]).toEqual([
      'CHAT_UNREACHABLE',
      expect.objectContaining({ code: 'HTTP_CONNECTION_FAILED' }),
    ]);
    expect(server.requests).toHaveLength(4);
    await server.close();
    const gone = await failure(rest.post(CHANNEL, { body: {} }));
    expect(gone.message).toContain('ECONNREFUSED');
  });

  it('takes no answer that is too large, and follows nobody elsewhere', async () => {
    const { rest, server } = await asking(
      (response, { url }) => {
        if (url?.includes('webhooks') === true) response.writeHead(307, { location: '/elsewhere' }).end();
        else json(response, 'x'.repeat(2_000));
      },
      { maxBytes: 1_000, maxRedirects: 0 },
    );
    expect((await failure(rest.get(CHANNEL))).cause).toMatchObject({ code: 'HTTP_TOO_LARGE' });
    const led = await failure(rest.patch(ANSWER, { body: {}, auth: false }));
    expect(led.cause).toMatchObject({ code: 'HTTP_TOO_MANY_REDIRECTS' });
    // It could be used to answer in the bot's name.
    expect(led.message).not.toContain('answer-token');
    expect(server.requests).toHaveLength(2);
  });

  it('asks no private server that the settings do not name', async () => {
    const { server } = await asking((response) => json(response, {}));
    const api = `${server.origin}/api`;
    const clients = [
      discordHttp({ allowAddresses: [] }),
      discordHttp({ api: 'http://127.0.0.2/api', allowAddresses: [] }),
      discordHttp({ api: 'https://discord.com/api', allowAddresses: ['10.0.0.0/8'] }),
    ];
    for (const http of clients) {
      const rest = new REST({ ...restOver(http), api }).setToken('t');
      const refused = await failure(rest.get(CHANNEL));
      expect(refused.cause).toMatchObject({ code: 'HTTP_ADDRESS_FORBIDDEN' });
      expect(refused.message).toContain('Name it in KAPELLE_ALLOW_ADDRESSES.');
    }
    expect(server.requests).toEqual([]);
    const named = [
      { api, at: api, allowAddresses: [] },
      { api: api.replace('127.0.0.1', 'localhost'), at: api, allowAddresses: [] },
      { at: api, allowAddresses: ['127.0.0.0/8'] },
    ];
    for (const { at, ...options } of named) {
      const rest = new REST({ ...restOver(discordHttp(options)), api: at }).setToken('t');
      expect(await rest.get(CHANNEL)).toEqual({});
    }
  });

  it('ends with the signal of the library', async () => {
    const arrived = new Set<string>();
    const stop = new AbortController();
    const { rest, http } = await asking((_response, { url = '' }) => {
      arrived.add(url);
      stop.abort();
    });
    await expect(rest.get(CHANNEL, { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(arrived.size).toBe(1);
    expect(http.stats().aborted).toBeGreaterThan(0);
    expect(http.stats().inFlight).toBe(0);
  });
});
