import type { OrchestrationContext } from '../context.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, type StepResult } from '../step-result.js';
import type { CallOptions } from './references.js';

/**
 * The answer of a run that somebody else has begun, for a caller with a time limit and a signal of its own: these
 * end the waiting, never the run.
 */
export function attendRun(
  answer: Promise<StepResult>,
  unit: OrchestratorUnit,
  operation: CompiledOperation,
  context: OrchestrationContext,
  options: CallOptions,
): Promise<StepResult> {
  const { clock } = unit.invoker.runtime;
  const { signal } = context;
  const timeoutMs = Math.min(options.timeoutMs ?? Infinity, (context.deadline ?? Infinity) - clock.now());
  return new Promise((resolve) => {
    const what = `${unit.name}.${operation.name}`;
    const finish = (result: StepResult): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onAbort = (): void => {
      finish(
        new FailedResult(`The waiting for ${what} was cancelled: its caller asked for it. The run goes on.`, {
          errorCategory: 'cancelled',
        }),
      );
    };
    const timer =
      timeoutMs > MAX_WAIT_MS
        ? undefined
        : clock.setTimeout(
            () => {
              finish(
                new FailedResult(`${what} timed out for this caller. The run goes on; attach to it again.`, {
                  errorCategory: 'timeout',
                }),
              );
            },
            Math.max(0, timeoutMs),
          );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    void answer.then(finish);
  });
}

/** What a platform timer takes; nobody waits longer. */
const MAX_WAIT_MS = 2_147_483_647;
