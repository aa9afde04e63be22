import { inject } from 'inversify';

import { OrchestrationError } from '../errors.js';
import { type LazyParameter, recordOf } from './metadata.js';
import type { Token } from './options.js';

/** A dependency that is built when it is first asked for. */
export interface Lazy<T> {
  /** Builds on first access. @throws OrchestrationError `LAZY_ASYNC` where the target must be made asynchronously. */
  readonly value: T;
  /** As {@link value}, and waits: for an asynchronous target, and for the start of an orchestrator that is not up yet. */
  get(): Promise<T>;
  readonly isLoaded: boolean;
}

type LazyDecorator = (target: object, key: string | symbol | undefined, index: number) => void;

const tokens = new Map<Token, symbol>();

/** The container's token of the {@link Lazy} of `target`. */
export function lazyTokenOf(target: Token): symbol {
  let token = tokens.get(target);
  if (token === undefined) {
    token = Symbol(`Lazy<${tokenName(target)}>`);
    tokens.set(target, token);
  }
  return token;
}

function mark(parameter: (index: number) => LazyParameter): LazyDecorator {
  return (target, key, index) => {
    if (typeof target !== 'function' || key !== undefined) {
      throw new OrchestrationError(
        'DECORATOR_MISUSED',
        '@lazy stands before something else than a constructor parameter.',
      );
    }
    const described = parameter(index);
    recordOf(target).lazy.set(index, described);
    inject(described.lazyToken)(target, undefined, index);
  };
}

function lazyParameter(token: Token): LazyDecorator {
  if (token === undefined) {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      '@lazy was given `undefined`, which is what a class of a circular import is while its file loads.',
      { fix: 'Write @lazy.of(() => Class) instead.' },
    );
  }
  return mark((index) => ({ index, target: () => token, lazyToken: lazyTokenOf(token) }));
}

/**
 * Marks a constructor parameter `Lazy<T>`: the dependency is built on first use and does not order the start.
 * `@lazy.of(() => Class)` where the import is circular.
 */
export const lazy: ((token: Token) => LazyDecorator) & { of(target: () => Token): LazyDecorator } =
  Object.assign(lazyParameter, {
    of: (target: () => Token): LazyDecorator =>
      mark((index) => ({ index, target, lazyToken: Symbol('Lazy<deferred>') })),
  });

/** A token as people read it. */
export function tokenName(token: unknown): string {
  try {
    if (typeof token === 'function') return token.name === '' ? '(anonymous class)' : String(token.name);
    if (typeof token === 'symbol') return token.description ?? 'Symbol()';
    return String(token);
  } catch {
    // What stands in the place of a token may be anything, even an object that cannot be shown.
    return `(${typeof token})`;
  }
}
