import type { FailedResult } from '@kapelle/core';
import { failureCode } from '../autonomous-intelligence/port-failure.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { SessionRecord, TaskFailure, TaskRecord } from './session-record.js';

/** Nobody is there who could do the task, or nobody who answers. */
export function noAgentFailure({ objective }: TaskRecord, kind: 'none' | 'silent'): FailedResult {
  const { id, capabilities } = objective;
  if (kind === 'silent') {
    return new HierarchicalError(
      'HIERARCHICAL_AGENTS_SILENT',
      `Every agent that can do "${id}" has fallen silent. Register another one.`,
    ).toResult();
  }
  const needs =
    capabilities.length === 0 ? 'any agent with an executor' : `all of: ${capabilities.join(', ')}`;
  return new HierarchicalError(
    'HIERARCHICAL_NO_AGENT',
    `No agent can do "${id}", which needs ${needs}. Register one that can.`,
    { details: { capabilities } },
  ).toResult();
}

export function staleFailure(agentId: string, staleAfterMs: number): FailedResult {
  return new HierarchicalError(
    'HIERARCHICAL_AGENT_STALE',
    `The agent "${agentId}" has not been heard of for more than ${staleAfterMs} ms. Its task goes to another one.`,
  ).toResult();
}

export function outputFailure({ objective }: TaskRecord, maxLength: number): FailedResult {
  return new HierarchicalError(
    'HIERARCHICAL_OUTPUT_INVALID',
    `What "${objective.id}" gave is not JSON-like, or longer than ${maxLength} characters as JSON. Return data, or where it is kept.`,
  ).toResult();
}

export function costFailure({ objective }: TaskRecord, { budget, spent }: SessionRecord): FailedResult {
  return new HierarchicalError(
    'HIERARCHICAL_BUDGET_EXHAUSTED',
    `"${objective.id}" is estimated at ${objective.estimatedCost}, and ${spent} of ${String(budget.cost)} is spent. Raise the budget of a new session.`,
    { details: { spent, budget: budget.cost } },
  ).toResult();
}

export function timeFailure(timeMs: number): FailedResult {
  return new HierarchicalError(
    'HIERARCHICAL_BUDGET_EXHAUSTED',
    `The time of ${timeMs} ms is used up. Create a session with more of it.`,
  ).toResult();
}

/** A failed result as it is stored. */
export function taskFailureOf(result: FailedResult): TaskFailure {
  const code = failureCode(result);
  return {
    error: result.error,
    errorCategory: result.errorCategory,
    retryable: result.retryable,
    ...(code === undefined ? {} : { code }),
  };
}
