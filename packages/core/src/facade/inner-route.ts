import { AbortScope, runInScope, scopeOf } from '../engine/abort-scope.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, type StepResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import { resultOf, thrownResult } from './body-outcome.js';
import { invalidParams, unknownOperation } from './refusals.js';

/** The operation that params name, else the default one. */
export function operationOf(
  unit: OrchestratorUnit,
  params: unknown,
  inside = false,
): CompiledOperation | FailedResult {
  const raw = unit.rawOperation;
  if (raw !== undefined && !inside) return raw;
  const named =
    typeof params === 'object' && params !== null ? (params as { operation?: unknown }).operation : undefined;
  if (named === undefined) return unit.defaultOperation ?? unknownOperation(unit, undefined);
  const operation = typeof named === 'string' ? unit.operations.get(named) : undefined;
  return operation ?? unknownOperation(unit, named);
}

/**
 * Runs an operation as a part of a call that runs already: under its own time limit too, but in the slot and with the
 * statistics of the call. Never rejects.
 */
export async function runInside(
  frame: CallFrame,
  operation: CompiledOperation,
  params: unknown,
): Promise<StepResult> {
  let valid = params;
  if (operation.check !== undefined) {
    const checked = operation.check(params);
    if (!checked.ok) return invalidParams(frame.unit.name, operation.name, checked.violations);
    valid = checked.value;
  }
  const body = async (): Promise<StepResult> => {
    try {
      return resultOf(await operation.run?.(frame.context, valid));
    } catch (thrown) {
      return thrownResult(frame, thrown);
    }
  };
  // The limit of the whole call is the override's own; that of the operation counts beside it.
  const { timeoutMs } = operation;
  return timeoutMs === undefined || timeoutMs === frame.operation.timeoutMs
    ? body()
    : runLimited(frame, operation.name, timeoutMs, body);
}

function runLimited(
  frame: CallFrame,
  operation: string,
  timeoutMs: number,
  body: () => Promise<StepResult>,
): Promise<StepResult> {
  const { clock } = frame.runtime;
  const scope = new AbortScope(frame, scopeOf(frame));
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      const failure = new FailedResult(
        `${frame.unit.name}.${operation} timed out after ${timeoutMs} ms. What it had begun may still run on.`,
        { errorCategory: 'timeout' },
      );
      scope.abort(new DOMException(failure.error, 'TimeoutError'));
      resolve(failure);
    }, timeoutMs);
    void runInScope(scope, body).then((result) => {
      clock.clearTimeout(timer);
      scope.close();
      resolve(result);
    });
  });
}
