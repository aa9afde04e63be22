import { callPath, type ContextState } from '../context.js';
import { ANOTHER_COPY, isOfAnotherCopy, KEEP_ONE_COPY } from '../copy-mark.js';
import type { LayerRule } from '../layers.js';
import { sanitize } from '../logging/redact.js';
import { nearestNames } from '../naming.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import type { Violation } from '../validation/index.js';

/** Why a call reaches no operation, as results. */

export function notFound(ref: unknown, names: Iterable<string>): FailedResult {
  if (typeof ref !== 'string' && typeof ref !== 'function') {
    return new FailedResult(`A call refers to an orchestrator by name or by class, got ${typeof ref}.`, {
      errorCategory: 'validation',
    });
  }
  const isClass = typeof ref === 'function';
  const name = isClass ? String(ref.name) : ref;
  const known = [...names];
  const near = nearestNames(name, known);
  const suggestions = near.length > 0 ? near : known.slice(0, 3);
  const shown = String(sanitize(name.slice(0, 80)));
  return new FailedResult(
    `No orchestrator is registered as ${isClass ? `class ${shown}` : `"${shown}"`}. ${
      suggestions.length === 0
        ? 'Register it first.'
        : `Register it, or use one of: ${suggestions.map((each) => `"${each}"`).join(', ')}.`
    }`,
    { errorCategory: 'not_found', details: { name: shown, nearest: suggestions } },
  );
}

export function noContext(unit: OrchestratorUnit, context: unknown): FailedResult {
  return new FailedResult(
    isOfAnotherCopy(context)
      ? `The context of a call of ${unit.name} ${ANOTHER_COPY} ${KEEP_ONE_COPY}`
      : `The context of a call of ${unit.name} is not an OrchestrationContext. Make one with OrchestrationContext.create({ tenantId }).`,
    { errorCategory: 'validation' },
  );
}

/** What was passed threw when it was looked at. */
export function unreadable(what: string, thrown: unknown): FailedResult {
  const failure = StepResult.fromError(thrown);
  return new FailedResult(
    `${what} cannot be read: ${failure.status === 'failed' ? failure.error : failure.reason}`,
    { errorCategory: 'validation', cause: thrown },
  );
}

export function unknownOperation(unit: OrchestratorUnit, named: unknown): FailedResult {
  const list = unit.operations.names();
  const offers =
    list.length === 0 ? 'It has none: put @operation on a method.' : `It offers: ${list.join(', ')}.`;
  const what =
    named === undefined
      ? `${unit.name} has no default operation, and params name none. Set params.operation.`
      : `Unknown operation: ${typeof named === 'string' ? String(sanitize(named.slice(0, 80))) : typeof named}. Use an operation of ${unit.name}.`;
  return new FailedResult(`${what} ${offers}`, {
    errorCategory: 'validation',
    details: { operations: list },
  });
}

export function invalidParams(
  orchestrator: string,
  operation: string,
  violations: readonly Violation[],
): FailedResult {
  const shown = violations.slice(0, 5).map((each) => each.message);
  const more = violations.length > shown.length ? ` (and ${violations.length - shown.length} more)` : '';
  return new FailedResult(
    `The params of ${orchestrator}.${operation} are not valid: ${shown.join('; ')}${more}.`,
    {
      errorCategory: 'validation',
      details: violations,
    },
  );
}

export function stoppedRefusal(orchestrator: string, reason: string): FailedResult {
  return new FailedResult(`${orchestrator} takes no calls: ${reason}. Try again later, or elsewhere.`, {
    errorCategory: 'service_unavailable',
  });
}

export function cycleRefusal(orchestrator: string, chain: ContextState['chain']): FailedResult {
  const names = callPath(chain);
  const path = [...names.slice(names.indexOf(orchestrator)), orchestrator];
  return new FailedResult(
    `The call would come back to an orchestrator that is waiting for it: ${path.join(' → ')}. Break the cycle, or declare ${orchestrator} reentrant.`,
    { errorCategory: 'cycle_detected', details: { path } },
  );
}

export function depthRefusal(orchestrator: string, state: ContextState, maxDepth: number): FailedResult {
  return new FailedResult(
    `${orchestrator} would run at depth ${state.depth}, beyond the limit of ${maxDepth}. Flatten the calls, or raise maxDepth.`,
    {
      errorCategory: 'depth_exceeded',
      details: { depth: state.depth, maxDepth, path: callPath(state.chain) },
    },
  );
}

export function layerRefusal(
  caller: OrchestratorUnit,
  callee: OrchestratorUnit,
  rule: LayerRule,
): FailedResult {
  return new FailedResult(
    `${caller.name} (${caller.layer}) may not call ${callee.name} (${callee.layer}): ${caller.layer} calls ${rule[caller.layer].join(', ') || 'nobody'}. Declare a port in the ${caller.layer} layer, or move one of them.`,
    { errorCategory: 'policy_violation', details: { caller: caller.name, callee: callee.name } },
  );
}
