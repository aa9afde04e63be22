import { OrchestrationError } from '../errors.js';
import { StepResult } from '../step-result.js';
import type { InterceptedCall, Interceptor, InterceptorChain } from './interceptor.js';

/** Runs the `before` hooks; the first result, or the first failure, answers the call. */
export function answerBefore(call: InterceptedCall, chain: InterceptorChain): StepResult | undefined {
  for (const interceptor of chain.before) {
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
export function answerAfter(call: InterceptedCall, chain: InterceptorChain, answer: StepResult): StepResult {
  let result = answer;
  for (const interceptor of chain.after) {
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
  chain: InterceptorChain,
  attempt: () => Promise<StepResult>,
): Promise<StepResult> {
  const layers = chain.around;
  const at = async (index: number): Promise<StepResult> => {
    const interceptor = layers[index];
    if (interceptor?.around === undefined) return attempt();
    try {
      const result = (await interceptor.around(call, () => at(index + 1))) as unknown;
      return StepResult.isResult(result) ? result : StepResult.ok(result);
    } catch (thrown) {
      return StepResult.fromError(thrown);
    }
  };
  return at(0);
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
