import {
  type Completion,
  type CompletionRequest,
  HttpError,
  type LanguageModel,
  NodeHttpClient,
  retryAfterMs,
} from '@kapelle/orchestrators';
import { ResilienceError, timeout, type TimeoutPolicy } from '@kapelle/resilience';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { httpFetch } from './http-fetch.js';
import { LanguageModelError, type LanguageModelErrorCode } from './language-model-error.js';

export interface OpenAiLanguageModelOptions {
  /** Where the API begins, with its version: `https://api.openai.com/v1` or that of any compatible server. */
  readonly baseURL: string;
  /** Left out for a server that asks for none. It never occurs in a message. */
  readonly apiKey?: string;
  readonly model: string;
  /**
   * For a whole completion, from the connection to the last byte, in milliseconds.
   *
   * @minimum 1
   * @default 60000
   */
  readonly timeoutMs?: number;
  /**
   * The name under which the server takes the limit of output tokens. Current servers of OpenAI reject the older
   * name for some models; many compatible servers ignore the newer one.
   *
   * @default `max_completion_tokens` for api.openai.com, `max_tokens` elsewhere
   */
  readonly tokenLimitField?: 'max_completion_tokens' | 'max_tokens';
}

/** Largest reply, in bytes, as sent and as unpacked. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
/** Look-up, connection and handshake. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Whoever names the server knows where it stands: on this machine, often. Nothing else is ever asked. */
const ANY_ADDRESS = ['0.0.0.0/0', '::/0'];

/** How long an answer to "are you there" may take. */
const AVAILABILITY_TIMEOUT_MS = 5_000;

/** Completions from a server that speaks OpenAI's chat protocol. Every call is one request. */
export class OpenAiLanguageModel implements LanguageModel {
  readonly id: string;
  readonly #client: OpenAI;
  readonly #model: string;
  readonly #apiKey: string;
  readonly #completionLimit: TimeoutPolicy;
  readonly #availabilityLimit: TimeoutPolicy;
  readonly #tokenLimitField: 'max_completion_tokens' | 'max_tokens';

  /** @throws TypeError or RangeError for an option that cannot be meant */
  constructor(options: OpenAiLanguageModelOptions) {
    const { model, apiKey = '', timeoutMs = 60_000 } = options;
    const url = URL.canParse(options.baseURL) ? new URL(options.baseURL) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      throw new TypeError('baseURL must be an http or https URL without user name and password');
    }
    if (model.trim() === '') throw new TypeError('model must name a model, got an empty text');
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
      throw new RangeError(`timeoutMs must be a whole number >= 1, got ${String(timeoutMs)}`);
    }
    this.id = `openai:${model}`;
    this.#model = model;
    this.#apiKey = apiKey;
    this.#completionLimit = timeout({ ms: timeoutMs });
    this.#availabilityLimit = timeout({ ms: Math.min(timeoutMs, AVAILABILITY_TIMEOUT_MS) });
    this.#tokenLimitField =
      options.tokenLimitField ?? (url.hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens');
    // The deadline of a completion is kept here, and ends it first.
    const longest = timeoutMs + CONNECT_TIMEOUT_MS;
    this.#client = new OpenAI({
      baseURL: options.baseURL,
      // The client insists on a key; without one of ours no header is sent.
      apiKey: apiKey === '' ? 'none' : apiKey,
      ...(apiKey === '' ? { defaultHeaders: { Authorization: null } } : {}),
      // Otherwise the client would look for these in the environment.
      adminAPIKey: null,
      organization: null,
      project: null,
      logLevel: 'off',
      maxRetries: 0,
      timeout: longest,
      fetch: httpFetch(
        new NodeHttpClient({
          allowAddresses: ANY_ADDRESS,
          // A redirect would repeat the prompt somewhere nobody has configured.
          maxRedirects: 0,
          attempts: 1,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          // A whole completion is written before its first byte is sent.
          ...{ timeoutMs: longest, headersTimeoutMs: longest, bodyTimeoutMs: longest },
          maxBytes: MAX_REPLY_BYTES,
          cache: false,
          // A connection is not used again for what may be sent only once.
          keepAliveMs: 0,
          userAgent: 'kapelle-intelligence-bot',
        }),
      ),
    });
  }

  /** @throws {@link LanguageModelError}, or the signal's reason when it fires */
  async complete(request: CompletionRequest): Promise<Completion> {
    checkRequest(request);
    const { system, prompt, maxOutputTokens, temperature, signal } = request;
    return this.#within(this.#completionLimit, signal, async (inner) => {
      const reply: unknown = await this.#client.chat.completions.create(
        {
          model: this.#model,
          messages: [
            ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
            { role: 'user', content: prompt },
          ],
          [this.#tokenLimitField]: maxOutputTokens,
          ...(temperature === undefined ? {} : { temperature }),
        },
        { signal: inner },
      );
      return this.#completion(reply);
    });
  }

  /**
   * Asks for the list of models, for at most 5 s. A compatible server need not have one: that it answers "not
   * found" shows that it is there.
   */
  async isAvailable(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#within(this.#availabilityLimit, signal, (inner) =>
        this.#client.get('/models', { signal: inner }),
      );
      return true;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof LanguageModelError && (error.status === 404 || error.status === 405);
    }
  }

  async #within<T>(
    limit: TimeoutPolicy,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    try {
      return await limit.execute((attempt) => work(attempt.signal), { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ResilienceError && error.code === 'TIMEOUT') {
        throw this.#error('MODEL_TIMEOUT', `did not answer within ${String(limit.ms)} ms`, 'Try again later');
      }
      throw this.#toError(error);
    }
  }

  #completion(reply: unknown): Completion {
    const choice = at(at(reply, 'choices'), 0);
    const text = at(at(choice, 'message'), 'content');
    const refusal = at(at(choice, 'message'), 'refusal');
    if (at(choice, 'finish_reason') === 'content_filter' || (typeof refusal === 'string' && refusal !== '')) {
      const reason = typeof refusal === 'string' && refusal !== '' ? refusal : 'its content filter';
      throw this.#error('MODEL_REFUSED', `refused the prompt (${reason})`, 'Change the prompt or the model');
    }
    if (typeof text !== 'string' || text.trim() === '') {
      const got = choice === undefined ? 'something that is no completion' : 'a completion without text';
      throw this.#error('MODEL_BAD_REPLY', `sent ${got}`, 'Try again, and check that "baseURL" is right');
    }
    const model = at(reply, 'model');
    const inputTokens = at(at(reply, 'usage'), 'prompt_tokens');
    const outputTokens = at(at(reply, 'usage'), 'completion_tokens');
    return {
      text,
      model: typeof model === 'string' && model !== '' ? model : this.#model,
      ...(typeof inputTokens === 'number' && typeof outputTokens === 'number'
        ? { usage: { inputTokens, outputTokens } }
        : {}),
    };
  }

  #toError(error: unknown): LanguageModelError {
    if (error instanceof LanguageModelError) return error;
    if (error instanceof APIConnectionTimeoutError) {
      return this.#error('MODEL_TIMEOUT', 'could not be reached in time', 'Try again later', error);
    }
    if (error instanceof APIError && !(error instanceof APIConnectionError) && error.status !== undefined) {
      return this.#statusError(error as APIError, Number(error.status));
    }
    const { name, message, cause } = error as Partial<Error>;
    if (cause instanceof HttpError) return this.#httpError(cause);
    // Compared by name: an error made outside this module's realm has another class.
    if (name === 'SyntaxError') {
      return this.#error('MODEL_BAD_REPLY', `sent broken JSON (${String(message)})`, 'Try again', error);
    }
    const reason = at(cause, 'code') ?? at(at(cause, 'cause'), 'code') ?? message ?? String(error);
    return this.#error(
      'MODEL_UNAVAILABLE',
      `could not be reached, or broke off (${typeof reason === 'string' ? reason : 'no reason was given'})`,
      'Check that the server at "baseURL" runs, then try again',
      error,
    );
  }

  /** There is no answer, or none that may be taken. */
  #httpError(error: HttpError): LanguageModelError {
    const { code, retryAfterMs: after, cause } = error;
    switch (code) {
      case 'HTTP_TOO_MANY_REDIRECTS':
        return this.#error('MODEL_REQUEST_REJECTED', 'is somewhere else', 'Check "baseURL"', error);
      case 'HTTP_TOO_LARGE':
      case 'HTTP_ENCODING_UNSUPPORTED':
      case 'HTTP_RESPONSE_INVALID':
        return this.#error('MODEL_BAD_REPLY', `sent what cannot be read (${code})`, 'Try again', error);
      case 'HTTP_TIMEOUT':
        return this.#error('MODEL_TIMEOUT', 'could not be reached in time', 'Try again later', error);
      default: {
        const reason = at(cause, 'code') ?? at(at(cause, 'cause'), 'code') ?? code;
        return new LanguageModelError(
          'MODEL_UNAVAILABLE',
          this.#message(
            `could not be reached, or broke off (${typeof reason === 'string' ? reason : code})`,
            'Check that the server at "baseURL" runs, then try again',
          ),
          { cause: error, retryAfterMs: after },
        );
      }
    }
  }

  /** The server's error is not kept as the cause: it may repeat the key it did not like. */
  #statusError({ message, code, type, headers }: APIError, status: number): LanguageModelError {
    const make = (errorCode: LanguageModelErrorCode, next: string) =>
      new LanguageModelError(errorCode, this.#message(`answered with status ${message}`, next), {
        status,
        retryAfterMs: retryAfterMs(Object.fromEntries(headers?.entries() ?? [])),
      });
    if (status === 401 || status === 403)
      return make('MODEL_UNAUTHORIZED', 'Check "apiKey" and what it may use');
    if (status === 429 && (code === 'insufficient_quota' || type === 'insufficient_quota')) {
      return make('MODEL_QUOTA_EXHAUSTED', 'Check the plan and the bill of the account');
    }
    if (status === 429) return make('MODEL_RATE_LIMITED', 'Send fewer requests');
    if (status >= 500 || status === 408 || status === 409 || status === 425) {
      return make('MODEL_UNAVAILABLE', 'Try again later');
    }
    return make('MODEL_REQUEST_REJECTED', 'Check "baseURL", "model" and the length of the prompt');
  }

  #error(code: LanguageModelErrorCode, what: string, next: string, cause?: unknown): LanguageModelError {
    return new LanguageModelError(code, this.#message(what, next), cause === undefined ? {} : { cause });
  }

  #message(what: string, next: string): string {
    const safe = this.#apiKey === '' ? what : what.replaceAll(this.#apiKey, '…');
    return `The model "${this.#model}" ${safe.length > 300 ? `${safe.slice(0, 300)}…` : safe}. ${next}.`;
  }
}

function checkRequest({ prompt, maxOutputTokens, temperature }: CompletionRequest): void {
  const refuse = (what: string) => {
    throw new LanguageModelError('MODEL_INVALID_REQUEST', what);
  };
  if (prompt.trim() === '') refuse('The prompt is empty. Give a text to answer.');
  if (!Number.isInteger(maxOutputTokens) || maxOutputTokens < 1) {
    refuse(`maxOutputTokens is ${String(maxOutputTokens)}. Give a whole number from 1.`);
  }
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) {
    refuse(`temperature is ${String(temperature)}. Give a number from 0 to 2.`);
  }
}

/** A member of something a server sent, which may be anything. */
function at(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, key) as unknown) : undefined;
}
