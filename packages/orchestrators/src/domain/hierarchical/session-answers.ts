import { StepResult } from '@kapelle/core';
import type { AgentRole } from './agent.js';
import { HierarchicalError, hierarchicalFailure } from './hierarchical-error.js';
import type { FailureAnalysis, RecoveryChoice } from './recovery.js';
import { type ExecutedSession, takenFailure } from './session-manager.js';
import type { SessionStatus } from './session-record.js';
import type { SessionOutcome } from './session-reports.js';
import type { StrategicPlan } from './strategic-plan.js';

/** What `create_orchestration_session` gives. */
export interface CreatedSession {
  readonly sessionId: string;
  readonly name: string;
  readonly status: SessionStatus;
  readonly tasksCreated: number;
  readonly strategicPlan: StrategicPlan;
  /** Capabilities that no agent has now. */
  readonly missingCapabilities: readonly string[];
}

/** What `handle_failure_recovery` gives. */
export interface RecoveredSession {
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly analysis: FailureAnalysis;
  readonly strategy: RecoveryChoice & { readonly chosenBy: 'analysis' | 'caller' };
  /** Tasks that were put back or given up. */
  readonly taskIds: readonly string[];
  /** How the execution ended that followed; missing with `execute: false`. */
  readonly results?: SessionOutcome;
}

/** What `register_agent` gives. */
export interface RegisteredAgent {
  readonly agentId: string;
  readonly role: AgentRole;
  /** Agents that the tenant may use now. */
  readonly total: number;
  /** Whether it was known before. */
  readonly replaced: boolean;
}

/** What the work gives; what it throws as the failed result that it means. */
export async function answered<T>(work: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
  try {
    return await work();
  } catch (thrown) {
    return hierarchicalFailure(takenFailure(thrown));
  }
}

/** What an execution means for its caller. */
export function resultOf({ end, outcome }: ExecutedSession): StepResult<SessionOutcome> {
  const metadata = end === 'known' ? { cached: true } : {};
  const { failure, sessionId, status } = outcome;
  if (status === 'completed') {
    const givenUp = Object.entries(outcome.executionResults).filter(([, task]) => task.givenUp);
    const unsure = Object.entries(outcome.executionResults).filter(
      ([, task]) => task.outcome === 'uncertain',
    );
    const warnings = [
      ...givenUp.map(([id, task]) => `"${id}" was given up: ${task.failure?.error ?? 'it was not done'}`),
      ...unsure.map(([id, { reason }]) =>
        reason === undefined ? `"${id}" is not certain.` : `"${id}" is not certain: ${reason}`,
      ),
    ];
    if (warnings.length === 0) return StepResult.ok(outcome, { metadata });
    const reason = givenUp.length > 0 ? 'Some tasks were given up.' : 'Some tasks are not certain.';
    return StepResult.uncertain(outcome, { reason, metadata, warnings });
  }
  if (status === 'cancelled') {
    return StepResult.fail(
      `The session "${sessionId}" was cancelled: ${failure?.error ?? 'no reason is known'}`,
      {
        errorCategory: 'cancelled',
        details: { code: 'HIERARCHICAL_SESSION_FAILED', outcome },
        metadata,
      },
    );
  }
  return new HierarchicalError(
    'HIERARCHICAL_SESSION_FAILED',
    `The session "${sessionId}" has failed: ${failure?.error ?? 'it was interrupted'} Use handle_failure_recovery, or execute it again where it was interrupted.`,
    { details: { outcome } },
  ).toResult();
}
