import {
  BaseOrchestrator,
  operation,
  type OperationContext,
  orchestrator,
  StepFailure,
  StepResult,
} from '@kapelle/core';

// #region make
@orchestrator('domain', 'business_logic')
export class LookupOrchestrator extends BaseOrchestrator {
  @operation()
  find(_context: OperationContext, { word }: { word: string }): StepResult<{ meaning: string }> {
    switch (word) {
      case '':
        return StepResult.skip('there is no word to look up');
      case 'kapelle':
        return StepResult.ok({ meaning: 'orchestra' });
      case 'capelle':
        return StepResult.uncertain({ meaning: 'orchestra' }, { reason: 'spelt differently' });
      default:
        return StepResult.fail(`"${word}" is not in the dictionary.`, {
          errorCategory: 'not_found',
          details: { word },
        });
    }
  }
}
// #endregion

// #region read
export function describe(result: StepResult<{ meaning: string }>): string {
  switch (result.status) {
    case 'ok':
      return result.data.meaning;
    case 'uncertain':
      return `${result.data.meaning} (perhaps: ${result.reason})`;
    case 'skipped':
      return `skipped, because ${result.reason}`;
    case 'failed':
      return `${result.errorCategory}${result.retryable ? ', try again' : ''}: ${result.error}`;
  }
}
// #endregion

// #region match
export const asText = (result: StepResult<{ meaning: string }>): string =>
  StepResult.match(result, {
    ok: ({ meaning }) => meaning,
    uncertain: ({ meaning }) => `${meaning}?`,
    skipped: (reason) => reason,
    failed: ({ error }) => error,
  });
// #endregion

// #region throw
export function meaningOf(result: StepResult<{ meaning: string }>): string | undefined {
  try {
    return StepResult.unwrap(result).meaning;
  } catch (thrown) {
    if (thrown instanceof StepFailure) return undefined;
    throw thrown;
  }
}
// #endregion
