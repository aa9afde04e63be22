import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalServers } from './fixtures/local-server.js';
import { httpFetch } from './http-fetch.js';
import { LanguageModelError } from './language-model-error.js';
import { OpenAiLanguageModel, type OpenAiLanguageModelOptions } from './openai-language-model.js';

const KEY = 'sk-very-secret-key';
const signal = new AbortController().signal;
const request = { prompt: 'Sum this up.', maxOutputTokens: 50, signal };

/** What the server was asked. */
interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

const servers = new LocalServers();
afterEach(() => servers.close());

/** A server that speaks the chat protocol as `answer` tells it, and a model that uses it. */
async function aModel(
  answer: (response: ServerResponse, asked: Asked) => void,
  options: Partial<OpenAiLanguageModelOptions> = {},
) {
  const asked: Asked[] = [];
  const server = await servers.start((incoming, response) => {
    let text = '';
    incoming.on('data', (chunk) => (text += String(chunk)));
    incoming.on('end', () => {
      const one = {
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      asked.push(one);
      answer(response, one);
    });
  });
  const model = new OpenAiLanguageModel({
    baseURL: `${server.origin}/v1`,
    model: 'tiny',
    apiKey: KEY,
    ...options,
  });
  return { model, asked, server };
}

function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const completion = (content: unknown, more: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'tiny-2026',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content }, ...more }],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
});

async function failure(work: Promise<unknown>): Promise<LanguageModelError> {
  const error = await work.then(
    () => new Error('expected a failure'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LanguageModelError);
  expect(JSON.stringify(error) + (error as Error).message + String((error as Error).stack)).not.toContain(
    KEY,
  );
  return error as LanguageModelError;
}

describe('OpenAiLanguageModel', () => {
  it('sends the prompt in the protocol of the server and gives the answer back', async () => {
    const { model, asked } = await aModel((response) => json(response, completion('A short sum.')));
    expect(model.id).toBe('openai:tiny');
    expect(await model.complete({ ...request, system: 'Be brief.', temperature: 0 })).toEqual({
      text: 'A short sum.',
      model: 'tiny-2026',
      usage: { inputTokens: 12, outputTokens: 3 },
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
      body: {
        model: 'tiny',
        max_tokens: 50,
        temperature: 0,
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Sum this up.' },
        ],
      },
    });
  });

  it('leaves out what it was not given, and takes nothing from the environment', async () => {
    const names = [
      'OPENAI_API_KEY',
      'OPENAI_ADMIN_KEY',
      'OPENAI_ORG_ID',
      'OPENAI_PROJECT_ID',
      'OPENAI_BASE_URL',
    ];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = 'http://from-environment.invalid';
    try {
      const { asked, server } = await aModel((response) =>
        json(response, { choices: [{ message: { content: 'ok' } }] }),
      );
      const model = new OpenAiLanguageModel({
        baseURL: `${server.origin}/v1/`,
        model: 'tiny',
        tokenLimitField: 'max_completion_tokens',
      });
      expect(await model.complete(request)).toEqual({ text: 'ok', model: 'tiny' });
      expect(asked[0]?.body).toEqual({
        model: 'tiny',
        max_completion_tokens: 50,
        messages: [{ role: 'user', content: 'Sum this up.' }],
      });
      expect(asked[0]?.headers.authorization).toBeUndefined();
      expect(JSON.stringify(asked[0]?.headers)).not.toContain('from-environment');
    } finally {
      names.forEach((name, at) => {
        if (before[at] === undefined) delete process.env[name];
        else process.env[name] = before[at];
      });
    }
  });

  it('gives every refusal of the server its meaning, and makes one request only', async () => {
    type Case = [number, object, Record<string, string>, object];
    const cases: Case[] = [
      [
        401,
        { message: `Incorrect API key provided: ${KEY}` },
        {},
        { code: 'MODEL_UNAUTHORIZED', retryable: false },
      ],
      [403, { message: 'no' }, {}, { code: 'MODEL_UNAUTHORIZED', retryable: false, status: 403 }],
      [404, { message: 'no such model' }, {}, { code: 'MODEL_REQUEST_REJECTED', retryable: false }],
      [400, { message: 'too long' }, {}, { code: 'MODEL_REQUEST_REJECTED', retryable: false }],
      [
        302,
        { message: 'moved' },
        { location: '/elsewhere' },
        { code: 'MODEL_REQUEST_REJECTED', retryable: false },
      ],
      [
        429,
        { message: 'slow' },
        { 'retry-after': '2' },
        { code: 'MODEL_RATE_LIMITED', retryable: true, retryAfterMs: 2_000 },
      ],
      [
        429,
        { message: 'slow' },
        { 'retry-after-ms': '150' },
        { code: 'MODEL_RATE_LIMITED', retryAfterMs: 150 },
      ],
      [
        429,
        { message: 'pay', code: 'insufficient_quota' },
        {},
        { code: 'MODEL_QUOTA_EXHAUSTED', retryable: false },
      ],
      [500, { message: 'oops' }, {}, { code: 'MODEL_UNAVAILABLE', retryable: true, status: 500 }],
      [
        503,
        { message: 'loading' },
        { 'retry-after': 'Wed, 21 Oct 2026 07:28:05 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
        { code: 'MODEL_UNAVAILABLE', retryable: true, retryAfterMs: 5_000 },
      ],
    ];
    for (const [status, error, headers, expected] of cases) {
      const { model, asked } = await aModel((response) => json(response, { error }, status, headers));
      expect(await failure(model.complete(request))).toMatchObject(expected);
      expect(asked).toHaveLength(1);
    }
  });

  it('says in its messages what happened and what to do, without the key', async () => {
    const say = (status: number, message: string) => (response: ServerResponse) =>
      json(response, { error: { message } }, status);
    const { model } = await aModel(say(401, `Incorrect API key provided: ${KEY}`));
    expect((await failure(model.complete(request))).message).toBe(
      'The model "tiny" answered with status 401 Incorrect API key provided: …. Check "apiKey" and what it may use.',
    );
    // The cut must not leave a part of the key.
    const { model: wordy } = await aModel(say(401, `${'x'.repeat(265)}${KEY}`));
    expect((await failure(wordy.complete(request))).message).not.toContain('sk-');
    const { model: page } = await aModel((response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'.repeat(1_000));
    });
    const { message } = await failure(page.complete(request));
    expect(message.length).toBeLessThan(400);
    expect(message).toMatch(/^The model "tiny" answered with status 502 .*Try again later\.$/);
  });

  it('does not take for an answer what is none', async () => {
    const bad: unknown[] = [null, [], {}, { choices: [] }, { choices: 'x' }, { choices: [null] }, 'text', 7];
    bad.push(completion(null), completion(''), completion('  \n'), completion(['parts']));
    for (const reply of bad) {
      const { model } = await aModel((response) => json(response, reply));
      const error = await failure(model.complete(request));
      expect([reply, error.code, error.retryable]).toEqual([reply, 'MODEL_BAD_REPLY', true]);
    }
    const raw: [string, Record<string, string>][] = [
      ['{"choices": [', { 'content-type': 'application/json' }],
      ['<html>Log in</html>', { 'content-type': 'text/html' }],
      ['', { 'content-type': 'application/json', 'content-length': '0' }],
    ];
    for (const [body, headers] of raw) {
      const { model } = await aModel((response) => response.writeHead(200, headers).end(body));
      expect([body, (await failure(model.complete(request))).code]).toEqual([body, 'MODEL_BAD_REPLY']);
    }
    const refusals = [
      completion(null, { message: { refusal: 'I will not.' } }),
      completion('', { finish_reason: 'content_filter' }),
    ];
    for (const reply of refusals) {
      const { model } = await aModel((response) => json(response, reply));
      const error = await failure(model.complete(request));
      expect([error.code, error.retryable]).toEqual(['MODEL_REFUSED', false]);
      expect(error.message).toMatch(
        /refused the prompt \((I will not\.|its content filter)\)\. Change the prompt/,
      );
    }
  });

  it('survives a connection that is refused, dropped, or breaks off in the answer', async () => {
    const { model: dropped } = await aModel((response) => response.destroy());
    const { model: cut } = await aModel((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"choices"', () => response.destroy());
    });
    const { model: refused, server } = await aModel(() => {});
    await server.close();
    for (const model of [dropped, cut, refused]) {
      const error = await failure(model.complete(request));
      expect([error.code, error.retryable]).toEqual(['MODEL_UNAVAILABLE', true]);
      expect(error.message).toMatch(
        /could not be reached, or broke off \(.+\)\. Check that the server at "baseURL" runs/,
      );
    }
    expect((await failure(refused.complete(request))).message).toContain('ECONNREFUSED');
  });

  it('gives up in time on a server that is silent, or never ends its answer', async () => {
    const timers: NodeJS.Timeout[] = [];
    const { model: silent } = await aModel(() => {}, { timeoutMs: 60 });
    const { model: endless } = await aModel(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        timers.push(setInterval(() => response.write(' '), 10));
      },
      { timeoutMs: 60 },
    );
    for (const model of [silent, endless]) {
      expect(await failure(model.complete(request))).toMatchObject({
        code: 'MODEL_TIMEOUT',
        retryable: true,
        message: 'The model "tiny" did not answer within 60 ms. Try again later.',
      });
      await expect(model.isAvailable(signal)).resolves.toBe(false);
    }
    timers.forEach(clearInterval);
  });

  it('stops at once when the signal fires, and lets go of the connection', async () => {
    const reason = new Error('enough');
    for (const begin of [false, true]) {
      const controller = new AbortController();
      let closed: (value: unknown) => void = () => {};
      const connectionEnded = new Promise((resolve) => (closed = resolve));
      const { model } = await aModel((response) => {
        response.on('close', closed);
        if (begin) response.writeHead(200, { 'content-type': 'application/json' }).write('{');
        setImmediate(() => controller.abort(reason));
      });
      await expect(model.complete({ ...request, signal: controller.signal })).rejects.toBe(reason);
      await connectionEnded;
    }
    const { model, asked } = await aModel((response) => json(response, {}));
    const aborted = AbortSignal.abort(reason);
    await expect(model.complete({ ...request, signal: aborted })).rejects.toBe(reason);
    await expect(model.isAvailable(aborted)).rejects.toBe(reason);
    expect(asked).toEqual([]);
  });

  it('goes through the HTTP client: replies are bounded, and a server that keeps failing is left alone', async () => {
    const { model: endless } = await aModel((response) => json(response, completion('x'.repeat(5 << 20))));
    expect(await failure(endless.complete(request))).toMatchObject({
      code: 'MODEL_BAD_REPLY',
      message: expect.stringContaining('HTTP_TOO_LARGE'),
    });
    const { model: failing, asked } = await aModel((response) => json(response, { error: {} }, 500));
    for (let at = 0; at < 5; at += 1) await failure(failing.complete(request));
    expect(await failure(failing.complete(request))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      retryable: true,
      retryAfterMs: expect.any(Number),
    });
    expect(asked).toHaveLength(5);
    const { model: moved, asked: sent } = await aModel((response) =>
      json(response, {}, 307, { location: 'http://127.0.0.1:1/v1/chat/completions' }),
    );
    expect((await failure(moved.complete(request))).message).toContain('Check "baseURL"');
    expect(sent).toHaveLength(1);
    await expect(
      httpFetch({ request: () => Promise.reject(new Error('unreached')) })('http://x/', {
        method: 'POST',
        body: new Blob(['x']),
      }),
    ).rejects.toThrow('Only texts, bytes and forms are sent. Write the body as one of them.');
  });

  it('tells whether the server is there and takes the key', async () => {
    const seen = [];
    for (const status of [200, 404, 405, 401, 403, 429, 500]) {
      const { model, asked } = await aModel((response) => json(response, { data: [] }, status));
      seen.push([status, await model.isAvailable(signal)]);
      expect(asked.map(({ path }) => path)).toEqual(['/v1/models']);
    }
    expect(seen).toEqual([
      [200, true],
      [404, true],
      [405, true],
      [401, false],
      [403, false],
      [429, false],
      [500, false],
    ]);
    const { model, server } = await aModel(() => {});
    await server.close();
    expect(await model.isAvailable(signal)).toBe(false);
  });

  it('refuses requests and options that cannot be meant', async () => {
    const { model, asked } = await aModel((response) => json(response, completion('x')));
    expect(await failure(model.complete({ ...request, prompt: ' ' }))).toMatchObject({
      code: 'MODEL_INVALID_REQUEST',
      retryable: false,
      message: 'The prompt is empty. Give a text to answer.',
    });
    for (const maxOutputTokens of [0, 1.5, NaN]) {
      expect((await failure(model.complete({ ...request, maxOutputTokens }))).message).toContain(
        'Give a whole number',
      );
    }
    for (const temperature of [-0.1, 2.1, NaN]) {
      expect((await failure(model.complete({ ...request, temperature }))).message).toContain(
        'Give a number from 0 to 2',
      );
    }
    expect(asked).toEqual([]);

    const make = (options: object) => () =>
      new OpenAiLanguageModel({ baseURL: 'http://localhost/v1', model: 'tiny', ...options });
    for (const baseURL of ['', 'localhost:8080', 'ftp://x/v1', 'http://me:pw@host/v1']) {
      expect(make({ baseURL })).toThrow(
        new TypeError('baseURL must be an http or https URL without user name and password'),
      );
    }
    expect(make({ model: ' ' })).toThrow('model must name a model, got an empty text');
    expect(make({ timeoutMs: 0 })).toThrow(new RangeError('timeoutMs must be a whole number >= 1, got 0'));
  });
});
