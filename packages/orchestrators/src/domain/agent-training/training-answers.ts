import { StepResult } from '@kapelle/core';
import type { AgentRecord } from './agent-record.js';
import { BaseChangedError } from './agent-trainer.js';
import { AgentTrainingError } from './training-error.js';

/** What was thrown on the way, as the failed result it means; anything else goes on to the invoker. */
export async function answered<T>(work: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof AgentTrainingError) {
      return StepResult.fail(thrown.message, {
        errorCategory: thrown.code === 'TRAINING_RECORD_UNREADABLE' ? 'corruption_error' : 'validation',
        details: { code: thrown.code },
      });
    }
    if (thrown instanceof BaseChangedError) {
      return StepResult.fail(thrown.message, {
        errorCategory: 'transient',
        details: { code: 'TRAINING_BASE_CHANGED' },
      });
    }
    throw thrown;
  }
}

/** Says that the record of an agent went away while it was used. */
export function gone(agent: string): AgentTrainingError {
  return new AgentTrainingError(
    'TRAINING_INPUT_INVALID',
    `The record of "${agent}" was removed meanwhile. Register it again.`,
  );
}

/** Says which versions there are. */
export function noVersion(record: AgentRecord, version: number): StepResult<never> {
  const kept = record.versions.map((each) => each.version);
  return StepResult.fail(`${record.name} has no version ${version}; kept are ${kept.join(', ')}.`, {
    errorCategory: 'not_found',
    details: { code: 'AGENT_VERSION_UNKNOWN' },
  });
}

/** Says how many examples are missing. */
export function tooFew(agent: string, heldBack: number, wanted: number): StepResult<never> {
  return StepResult.fail(
    `${agent} has ${heldBack} examples kept back, ${wanted} are needed to measure a change. Add examples.`,
    {
      errorCategory: 'business_rule_violation',
      details: { code: 'TRAINING_TOO_FEW_EXAMPLES', heldBack, wanted },
    },
  );
}
