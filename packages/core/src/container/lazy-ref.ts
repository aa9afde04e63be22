import { OrchestrationError } from '../errors.js';
import { type Lazy, tokenName } from '../orchestrator/lazy.js';
import type { Token } from '../orchestrator/options.js';

/** What a lazy reference asks to build its target. */
export interface LazySource {
  /** Builds now. Throws where the target is made asynchronously. */
  get(token: Token): unknown;
  getAsync(token: Token): Promise<unknown>;
  /** Waits until an orchestrator is up; anything else is up when it is built. */
  ready(token: Token): Promise<void>;
}

/** How Inversify's message begins where `get` meets something that is made asynchronously. */
const CONTAINER_SAYS_ASYNC = 'Unexpected asynchronous service';

/** A dependency that is built when it is first asked for. */
export class LazyRef<T> implements Lazy<T> {
  readonly #source: LazySource;
  readonly #target: () => Token;
  #value: T | undefined;
  #loaded = false;

  constructor(source: LazySource, target: () => Token) {
    this.#source = source;
    this.#target = target;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  get value(): T {
    if (this.#loaded) return this.#value as T;
    const token = this.#target();
    let built: unknown;
    try {
      built = this.#source.get(token);
    } catch (cause) {
      if (cause instanceof Error && cause.message.startsWith(CONTAINER_SAYS_ASYNC)) {
        throw new OrchestrationError(
          'LAZY_ASYNC',
          `${tokenName(token)} is made asynchronously and cannot be had at once.`,
          { cause },
        );
      }
      throw cause;
    }
    return this.#keep(built);
  }

  async get(): Promise<T> {
    const token = this.#target();
    if (!this.#loaded) this.#keep(await this.#source.getAsync(token));
    await this.#source.ready(token);
    return this.#value as T;
  }

  #keep(built: unknown): T {
    this.#value = built as T;
    this.#loaded = true;
    return built as T;
  }
}
