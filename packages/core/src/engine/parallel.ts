import { checkCount } from '../clock/clock.js';
import type { CallFrame } from '../facade/call-frame.js';
import { kindOf } from '../json-data.js';
import type { ParallelOptions } from '../operation-context.js';
import { OkResult, StepFailure, StepResult } from '../step-result.js';
import { AbortScope, runInScope, scopeOf } from './abort-scope.js';

/**
 * Runs the branches of `context.parallel`. In `fail-fast` mode the first failure ends it: branches that have not
 * begun do not begin, and the steps and calls of the running ones are aborted.
 */
export async function runParallel(
  frame: CallFrame,
  branches: Readonly<Record<string, () => unknown>>,
  options: ParallelOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { mode = 'fail-fast' } = options;
  // Any other word would be neither, and failures would go unseen.
  if (mode !== 'fail-fast' && mode !== 'settle') {
    throw new RangeError(`The mode of parallel must be 'fail-fast' or 'settle', got ${String(mode)}`);
  }
  if (typeof branches !== 'object' || branches === null) {
    throw new TypeError(`parallel needs an object of functions, got ${kindOf(branches)}`);
  }
  const names = Object.keys(branches);
  const concurrency = Math.min(
    names.length,
    checkCount('concurrency', options.concurrency ?? Math.max(1, names.length)),
  );
  const results = Object.create(null) as Record<string, StepResult>;
  const outer = scopeOf(frame);
  const scope = new AbortScope(frame, outer);
  let failure: StepFailure | undefined;
  let next = 0;

  const worker = async (): Promise<void> => {
    while (next < names.length && failure === undefined) {
      const name = names[next++] as string;
      if (outer.aborted) throw outer.abortReason as Error;
      let result: StepResult;
      try {
        const value: unknown = await runInScope(scope, branches[name] as () => unknown);
        result = StepResult.isResult(value) ? value : new OkResult(value);
      } catch (thrown) {
        result = StepResult.fromError(thrown);
      }
      results[name] = result;
      if (mode === 'fail-fast' && result.status === 'failed' && failure === undefined) {
        failure = new StepFailure(result);
        scope.abort(new DOMException(`The branch "${name}" failed.`, 'AbortError'));
      }
    }
  };
  const workers = Array.from({ length: concurrency }, worker);
  if (mode === 'settle') {
    try {
      await Promise.all(workers);
    } finally {
      scope.close();
    }
    return ordered(names, results, (result) => result);
  }
  await new Promise<void>((resolve, reject) => {
    if (workers.length === 0) resolve();
    let running = workers.length;
    for (const each of workers) {
      each.then(
        () => {
          running -= 1;
          if (failure !== undefined) reject(failure);
          else if (running === 0) resolve();
        },
        (thrown: unknown) => {
          reject(thrown);
        },
      );
    }
  }).finally(() => {
    scope.close();
  });
  return ordered(names, results, (result) =>
    result.status === 'ok' || result.status === 'uncertain' ? result.data : undefined,
  );
}

function ordered<R>(
  names: readonly string[],
  results: Readonly<Record<string, StepResult>>,
  pick: (result: StepResult) => R,
): Readonly<Record<string, R>> {
  return Object.fromEntries(names.map((name) => [name, pick(results[name] as StepResult)]));
}
