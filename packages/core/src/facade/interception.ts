import { OrchestrationError } from '../errors.js';
import { StepResult } from '../step-result.js';
import { AttemptWatch } from './attempt-watch.js';
import type { AttemptEnd, AttemptOptions, Hooks, InterceptedCall, Interceptor } from './interceptor.js';

/** Runs the `before` hooks; the first result, or the first failure, answers the call. */
export function answerBefore(call: InterceptedCall, { before }: Hooks): StepResult | undefined {
  let at = 0;
  try {
    for (; at < before.length; at += 1) {
      const answer = before[at]?.before?.(call) as unknown;
      if (answer === undefined) continue;
      if (StepResult.isResult(answer)) return answer;
      refusePromise(before[at], 'before', answer);
    }
  } catch (thrown) {
    return StepResult.fromError(thrown);
  }
  return undefined;
}

/** Runs the `after` hooks; each may replace the answer. */
export function answerAfter(call: InterceptedCall, { after }: Hooks, answer: StepResult): StepResult {
  let result = answer;
  for (let at = 0; at < after.length; at += 1) {
    try {
      const replaced = after[at]?.after?.(call, result) as unknown;
      if (replaced === undefined) continue;
      if (StepResult.isResult(replaced)) result = replaced;
      else refusePromise(after[at], 'after', replaced);
    } catch (thrown) {
      result = StepResult.fromError(thrown);
    }
  }
  return result;
}

/** Runs one attempt: what ends it, who is told of it, and the watch of whoever asked for this very attempt. */
export type RunAttempt = (
  ends: readonly AttemptEnd[],
  watches: readonly AttemptWatch[],
  own: AttemptWatch | undefined,
) => Promise<StepResult>;

const nativeThen = Promise.prototype.then;

/**
 * Runs `attempt` inside the `around` hooks, outermost first. Never rejects. A promise is made per hook and no more:
 * before Node 24 each costs a walk through all async stores.
 */
export function wrapAround(call: InterceptedCall, hooks: Hooks, attempt: RunAttempt): Promise<StepResult> {
  const layers = hooks.around;
  const at = (
    index: number,
    ends: readonly AttemptEnd[],
    watches: readonly AttemptWatch[],
    own: AttemptWatch | undefined,
  ): Promise<StepResult> => {
    const interceptor = layers[index];
    if (interceptor?.around === undefined) return attempt(ends, watches, own);
    const isInnermost = index + 1 >= layers.length;
    const next = (options?: AttemptOptions): Promise<StepResult> => {
      if (options === undefined) return at(index + 1, ends, watches, undefined);
      const end = endOf(options);
      const watch =
        options.onOver === undefined && options.onAbandoned === undefined
          ? undefined
          : new AttemptWatch(options);
      const inner = at(
        index + 1,
        end === undefined ? ends : [...ends, end],
        watch === undefined ? watches : [...watches, watch],
        watch,
      );
      // The innermost attempt hears of everything by itself; an interceptor in between may not pass it on.
      if (isInnermost) return inner;
      if (watch !== undefined)
        void inner.then(() => {
          watch.answered();
        });
      return end === undefined ? inner : endedEarly(inner, end);
    };
    try {
      const answer = interceptor.around(call, next) as unknown;
      return nativeThen.call(
        promiseOf(answer),
        (result: unknown) => resultOf(interceptor, result),
        StepResult.fromError,
      ) as Promise<StepResult>;
    } catch (thrown) {
      return Promise.resolve(StepResult.fromError(thrown));
    }
  };
  return at(0, NONE, NONE, undefined);
}

/** A `then` of somebody's own may call back twice, or never tell: only the language's is used as it is. */
function promiseOf(answer: unknown): Promise<unknown> {
  if (answer instanceof Promise && answer.then === nativeThen) return answer as Promise<unknown>;
  return new Promise((resolve) => {
    resolve(answer);
  });
}

function resultOf(interceptor: Interceptor, result: unknown): StepResult {
  if (StepResult.isResult(result)) return result;
  return result === undefined ? noAnswer(interceptor) : StepResult.ok(result);
}

const NONE: readonly never[] = Object.freeze([]);

function endOf(options: AttemptOptions): AttemptEnd | undefined {
  const { signal } = options;
  if (signal === undefined) return options.endedBy === undefined ? undefined : (end) => endedBy(options, end);
  return (end) => {
    const abort = (): void => {
      end(signal.reason);
    };
    const takeBack = endedBy(options, end);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return () => {
      signal.removeEventListener('abort', abort);
      takeBack();
    };
  };
}

/** Called on the options: whoever makes one object per attempt needs no closures in it. */
function endedBy(options: AttemptOptions, end: (reason: unknown) => void): () => void {
  return options.endedBy === undefined ? nothing : options.endedBy(end);
}

function nothing(): void {}

function endedEarly(inner: Promise<StepResult>, end: AttemptEnd): Promise<StepResult> {
  return new Promise((resolve) => {
    const takeBack = end((reason) => {
      resolve(StepResult.fromError(reason));
    });
    void inner.then((result) => {
      takeBack();
      resolve(result);
    });
  });
}

function noAnswer(interceptor: Interceptor): StepResult {
  return StepResult.fail(
    `The around hook of interceptor "${interceptor.name ?? 'anonymous'}" returned nothing. Return what next() resolves to.`,
    { errorCategory: 'configuration' },
  );
}

/** A promise here would be forgotten, and its rejection would end the process. */
function refusePromise(interceptor: Interceptor | undefined, hook: string, answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  void Promise.resolve(answer).catch(() => undefined);
  throw new OrchestrationError(
    'INTERCEPTOR_ASYNC',
    `The ${hook} hook of interceptor "${interceptor?.name ?? 'anonymous'}" returned a promise.`,
  );
}
