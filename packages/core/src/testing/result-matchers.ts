import { inspect, isDeepStrictEqual } from 'node:util';

import type { ErrorCategory } from '../error-category.js';
import { StepResult } from '../step-result.js';

/** What a matcher answers; Jest and Vitest understand it. */
export interface MatcherAnswer {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The part of a test framework's `this` that is used: its equality knows `expect.any` and the like. */
interface MatcherThis {
  readonly equals?: (a: unknown, b: unknown) => boolean;
}

/** What the matchers are called with after `expect(result)`. */
interface ResultAssertions<R> {
  /** It is `ok`, and carries `data` where that is given. */
  toBeOk(data?: unknown): R;
  /** It is `failed`, with this category, and a message that holds the text or matches the expression. */
  toBeFailed(category?: ErrorCategory, message?: string | RegExp): R;
  /** It is `skipped`, for a reason that holds the text or matches the expression. */
  toBeSkipped(reason?: string | RegExp): R;
  /** It is `uncertain`. */
  toBeUncertain(): R;
}

function answer(result: StepResult, wanted: string, pass: boolean): MatcherAnswer {
  return {
    pass,
    message: () =>
      `Expected the result ${pass ? 'not ' : ''}to be ${wanted}, got ${inspect(result.toJSON(), { depth: 4 })}`,
  };
}

/** Also under `.not` something that is no result fails: mostly it is a promise that nobody awaits. */
function resultOf(received: unknown): StepResult {
  if (StepResult.isResult(received)) return received;
  const isPromise = typeof (received as PromiseLike<unknown> | null | undefined)?.then === 'function';
  throw new TypeError(
    `expect(…) was given ${isPromise ? 'a promise' : inspect(received, { depth: 1 })}, which is not a step result. ${
      isPromise ? 'Await it first.' : 'Give it what facade.orchestrate resolves to.'
    }`,
  );
}

function fits(text: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) !== -1;
}

/** Matchers for step results: `expect.extend(resultMatchers)`, in a test or in a setup file. */
export const resultMatchers = {
  toBeOk(this: unknown, received: unknown, ...expected: readonly [data?: unknown]): MatcherAnswer {
    const result = resultOf(received);
    const equals = (this as MatcherThis | undefined)?.equals ?? isDeepStrictEqual;
    const pass = result.status === 'ok' && (expected.length === 0 || equals(result.data, expected[0]));
    return answer(
      result,
      expected.length === 0 ? 'ok' : `ok with ${inspect(expected[0], { depth: 4 })}`,
      pass,
    );
  },

  toBeFailed(
    this: unknown,
    received: unknown,
    category?: ErrorCategory,
    message?: string | RegExp,
  ): MatcherAnswer {
    const result = resultOf(received);
    const pass =
      result.status === 'failed' &&
      (category === undefined || result.errorCategory === category) &&
      fits(result.error, message);
    const wanted = [
      'failed',
      ...(category === undefined ? [] : [`as ${category}`]),
      ...(message === undefined ? [] : [`with ${inspect(message)}`]),
    ].join(' ');
    return answer(result, wanted, pass);
  },

  toBeSkipped(this: unknown, received: unknown, reason?: string | RegExp): MatcherAnswer {
    const result = resultOf(received);
    const pass = result.status === 'skipped' && fits(result.reason, reason);
    return answer(result, reason === undefined ? 'skipped' : `skipped for ${inspect(reason)}`, pass);
  },

  toBeUncertain(this: unknown, received: unknown): MatcherAnswer {
    const result = resultOf(received);
    return answer(result, 'uncertain', result.status === 'uncertain');
  },
};

// Jest's `expect`, imported or global. The comment goes into the declarations, for who has no Jest.
// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error where Jest is missing, none where it is there
/** @ts-ignore as long as nobody has installed Jest */
declare module 'expect' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- the parameters must be those of Jest
  interface Matchers<R extends void | Promise<void>, T = unknown> extends ResultAssertions<R> {}
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is merged into that of Jest
  interface AsymmetricMatchers extends ResultAssertions<unknown> {}
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Jest declares its global types in one
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- as above
    interface Matchers<R, T = {}> extends ResultAssertions<R> {}
  }
}
