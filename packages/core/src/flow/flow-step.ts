import type { Step, StepOptions, StepRetry } from '../engine/verbs.js';
import type { OperationContext } from '../operation-context.js';
import {
  type FailedResult,
  type SkippedResult,
  StepFailure,
  StepResult,
  type StepResultJSON,
} from '../step-result.js';
import type { FlowFunction, FlowStep, FlowStepInfo } from './flow.js';

/** @internal Options of a step, with its types forgotten. */
export type AnyStepOptions = StepOptions<never>;

/** @internal The function of a step, with its types forgotten. */
export type AnyFlowFunction = FlowFunction<never, never, unknown>;

/**
 * @internal Runs one step through the context's verb and gives back its result as it was returned.
 *
 * A step is recorded by its value alone, so what is recorded is the wire form of the result: whether it was
 * skipped or uncertain, and why, is then the same on replay.
 */
export async function runStep(
  context: OperationContext,
  name: string,
  fn: AnyFlowFunction,
  options: AnyStepOptions,
  values: unknown,
  self: unknown,
): Promise<StepResult> {
  const attempt = async (step: Step): Promise<unknown> => {
    const { attempt: count, idempotencyKey } = step;
    const given: FlowStep<never> = {
      self: self as never,
      context,
      attempt: count,
      idempotencyKey,
      // A signal is made when somebody looks.
      get signal() {
        return step.signal;
      },
    };
    try {
      return recorded(await fn(values as never, given));
    } catch (thrown) {
      const result = thrown instanceof StepFailure ? thrown.result : undefined;
      // Whoever unwraps a result needs its payload: here a skip is a failure, not a value left out.
      if (result?.status === 'skipped') return withoutPayload(result);
      throw thrown;
    }
  };
  try {
    return StepResult.fromJSON(await context.step<unknown>(name, attempt, recordOptions(options)));
  } catch (thrown) {
    // Anything else that is thrown belongs to the engine.
    if (thrown instanceof StepFailure) return thrown.result;
    throw thrown;
  }
}

/** @internal Calls a function that runs outside of any step. @throws StepFailure for whatever it throws */
export function pure<R>(fn: () => R): R {
  try {
    return fn();
  } catch (thrown) {
    throw new StepFailure(StepResult.fromError(thrown));
  }
}

/** @internal What can be told of the options. */
export function infoOf(
  options: AnyStepOptions,
): Pick<FlowStepInfo, 'hasCompensation' | 'retry' | 'timeoutMs'> {
  const { retry, timeoutMs, compensate } = options;
  return {
    hasCompensation: compensate !== undefined,
    ...(retry === undefined ? {} : { retry: retryInfo(retry) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function retryInfo({ maxAttempts, baseMs, capMs }: StepRetry): NonNullable<FlowStepInfo['retry']> {
  return Object.freeze({
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(baseMs === undefined ? {} : { baseMs }),
    ...(capMs === undefined ? {} : { capMs }),
  });
}

function recorded(value: unknown): unknown {
  if (!StepResult.isResult(value)) return { status: 'ok', data: value } satisfies StepResultJSON;
  switch (value.status) {
    case 'failed':
      return value;
    case 'uncertain':
      // Stays uncertain for whoever watches the step.
      return StepResult.map(value, () => value.toJSON());
    default:
      return value.toJSON();
  }
}

function recordOptions(options: AnyStepOptions): StepOptions<unknown> {
  const { retry, timeoutMs, compensate } = options;
  return {
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(compensate === undefined
      ? {}
      : {
          compensate: (record, compensation) => {
            const { status, data } = record as StepResultJSON;
            // A skipped step did nothing that could be undone.
            return status === 'skipped' ? undefined : compensate(data as never, compensation);
          },
        }),
  };
}

function withoutPayload(skipped: SkippedResult): FailedResult {
  return StepResult.fail(`A payload was needed where there was none: ${skipped.reason}`, {
    errorCategory: 'dependency',
    metadata: skipped.metadata,
    warnings: skipped.warnings,
  });
}
