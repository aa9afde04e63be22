import { FailedResult, OkResult, StepResult } from '../step-result.js';
import { abortedResult } from './attempt.js';
import type { AttemptWatch } from './attempt-watch.js';
import type { CallFrame } from './call-frame.js';

export const nativeThen = Promise.prototype.then;

/** What an interceptor gets that asks for an attempt of a call which has been answered. */
export function tooLate(frame: CallFrame, own: AttemptWatch | undefined): StepResult {
  own?.answered();
  return frame.aborted ? abortedResult(frame) : answeredAlready(frame);
}

function answeredAlready(frame: CallFrame): FailedResult {
  return new FailedResult(
    `${frame.unit.name}.${frame.operation.name} was answered already. Call next before the interceptor returns.`,
    { errorCategory: 'cancelled' },
  );
}

export function tellBegan(watches: readonly AttemptWatch[]): void {
  for (const watch of watches) watch.began();
}

export function tellEnded(watches: readonly AttemptWatch[]): void {
  for (const watch of watches) watch.ended();
}

/** The promise that the author's code returned, if it did. */
export function promiseIn(value: unknown): Promise<unknown> | undefined {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined;
  // Asked first, and once: what has no `then` is a plain value, whatever else of it throws when it is looked at.
  const { then } = value as { readonly then?: unknown };
  if (typeof then !== 'function') return undefined;
  return then === nativeThen && value instanceof Promise ? (value as Promise<unknown>) : adopted(value);
}

/** A `then` of somebody's own may call back twice, or never tell: only the language's is used as it is. */
function adopted(value: object): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(value);
  });
}

export function resultOf(value: unknown): StepResult {
  return StepResult.isResult(value) ? value : new OkResult(value);
}

/** A thrown value, in the light of why the call may have been ended. */
export function thrownResult(frame: CallFrame, thrown: unknown): StepResult {
  if (frame.aborted && thrown === frame.abortReason) return abortedResult(frame);
  return StepResult.fromError(thrown);
}

export function cannotTell(frame: CallFrame, thrown: unknown): FailedResult {
  const failure = StepResult.fromError(thrown);
  const why = failure.status === 'failed' ? failure.error : failure.reason;
  return new FailedResult(`canOrchestrate of ${frame.unit.name} failed: ${why}`, {
    errorCategory: failure.status === 'failed' ? failure.errorCategory : 'execution',
    cause: thrown,
  });
}

/** Whether the call stands in a chain that its orchestrator is part of already. */
export function comesBack(frame: CallFrame): boolean {
  for (let link = frame.state.chain; link !== undefined; link = link.before) {
    if (link.name === frame.unit.name) return true;
  }
  return false;
}
