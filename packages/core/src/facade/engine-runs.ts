import type { ExecutionEngine } from '../engine/engine.js';
import { FailedResult, StepResult } from '../step-result.js';

/** What an engine says when it is asked something about one of its runs. Never rejects. */
export async function answerOfEngine(
  engine: ExecutionEngine,
  runId: string,
  ask: () => Promise<StepResult | undefined>,
): Promise<StepResult<undefined>> {
  try {
    const answer = await ask();
    return answer?.status === 'failed' || answer?.status === 'skipped' ? answer : StepResult.ok();
  } catch (cause) {
    return new FailedResult(`Engine ${engine.name} cannot be asked about run "${runId}". Try again later.`, {
      errorCategory: 'service_unavailable',
      cause,
    });
  }
}
