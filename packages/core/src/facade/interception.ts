import { OrchestrationError } from '../errors.js';
import { StepResult } from '../step-result.js';
import { AttemptWatch } from './attempt-watch.js';
import type { AttemptEnd, AttemptOptions, Hooks, InterceptedCall, Interceptor } from './interceptor.js';

/** Runs the `before` hooks; the first result, or the first failure, answers the call. */
export function answerBefore(call: InterceptedCall, hooks: Hooks): StepResult | undefined {
  for (const interceptor of hooks.before) {
    try {
      const answer = interceptor.before?.(call) as unknown;
      if (answer === undefined) continue;
      if (StepResult.isResult(answer)) return answer;
      refusePromise(interceptor, 'before', answer);
    } catch (thrown) {
      return StepResult.fromError(thrown);
    }
  }
  return undefined;
}

/** Runs the `after` hooks; each may replace the answer. */
export function answerAfter(call: InterceptedCall, hooks: Hooks, answer: StepResult): StepResult {
  let result = answer;
  for (const interceptor of hooks.after) {
    try {
      const replaced = interceptor.after?.(call, result) as unknown;
      if (StepResult.isResult(replaced)) result = replaced;
      else refusePromise(interceptor, 'after', replaced);
    } catch (thrown) {
      result = StepResult.fromError(thrown);
    }
  }
  return result;
}

/** Runs `attempt` inside the `around` hooks, outermost first. Never rejects. */
export function wrapAround(
  call: InterceptedCall,
  hooks: Hooks,
  attempt: (ends: readonly AttemptEnd[], watches: readonly AttemptWatch[]) => Promise<StepResult>,
): Promise<StepResult> {
  const layers = hooks.around;
  const at = async (
    index: number,
    ends: readonly AttemptEnd[],
    watches: readonly AttemptWatch[],
  ): Promise<StepResult> => {
    const interceptor = layers[index];
    if (interceptor?.around === undefined) return attempt(ends, watches);
    const next = (options?: AttemptOptions): Promise<StepResult> => {
      if (options === undefined) return at(index + 1, ends, watches);
      const end = endOf(options);
      const watch = options.onOver === undefined ? undefined : new AttemptWatch(options.onOver);
      const inner = at(
        index + 1,
        end === undefined ? ends : [...ends, end],
        watch === undefined ? watches : [...watches, watch],
      );
      if (watch !== undefined)
        void inner.then(() => {
          watch.answered();
        });
      if (end === undefined) return inner;
      // The innermost hears of it by itself; an interceptor in between may not pass it on.
      return index + 1 < layers.length ? endedEarly(inner, end) : inner;
    };
    try {
      const result = (await interceptor.around(call, next)) as unknown;
      if (StepResult.isResult(result)) return result;
      return result === undefined ? noAnswer(interceptor) : StepResult.ok(result);
    } catch (thrown) {
      return StepResult.fromError(thrown);
    }
  };
  return at(0, NONE, NONE);
}

const NONE: readonly never[] = Object.freeze([]);

function endOf(options: AttemptOptions): AttemptEnd | undefined {
  const { signal, endedBy } = options;
  if (signal === undefined) return endedBy;
  return (end) => {
    const abort = (): void => {
      end(signal.reason);
    };
    const takeBack = endedBy?.(end);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return () => {
      signal.removeEventListener('abort', abort);
      takeBack?.();
    };
  };
}

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
function refusePromise(interceptor: Interceptor, hook: string, answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  void Promise.resolve(answer).catch(() => undefined);
  throw new OrchestrationError(
    'INTERCEPTOR_ASYNC',
    `The ${hook} hook of interceptor "${interceptor.name ?? 'anonymous'}" returned a promise.`,
  );
}
