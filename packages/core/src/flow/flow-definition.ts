import { checkCount, checkMs } from '../clock/clock.js';
import { OrchestrationError } from '../errors.js';
import { kindOf } from '../json-data.js';
import { nameProblem, nearestNames } from '../naming.js';
import type { FlowKind } from './flow.js';

/** The key of the flow's input among the values. */
export const INPUT = 'input';

/** @internal An error of whoever writes a flow. */
export function flowInvalid(what: string, fix: string, cause?: unknown): OrchestrationError {
  return new OrchestrationError('FLOW_INVALID', what, { fix, cause });
}

/** @internal @throws OrchestrationError `FLOW_INVALID` where `name` cannot be the next one after `taken` */
export function checkName(kind: FlowKind, name: unknown, taken: readonly string[]): asserts name is string {
  const problem = nameProblem(name);
  if (problem !== undefined) {
    throw flowInvalid(`A step of a ${kind} flow cannot be named so: ${problem}.`, 'Give it another name.');
  }
  if (name === INPUT) {
    throw flowInvalid(
      `A step of a ${kind} flow is named "${INPUT}", which is what the flow was called with.`,
      'Give it another name.',
    );
  }
  if (taken.includes(name as string)) {
    throw flowInvalid(
      `The ${kind} flow has a step "${String(name)}" already.`,
      'Give one of them another name.',
    );
  }
}

/** @internal @throws OrchestrationError `FLOW_INVALID` where `value` is no function */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw flowInvalid(`${where} must be a function, got ${kindOf(value)}.`, 'Pass a function.');
  }
}

/** @internal The needs of a step without repetition. @throws OrchestrationError `FLOW_INVALID` for one not declared before */
export function checkNeeds(step: string, needs: unknown, declared: readonly string[]): readonly string[] {
  if (!Array.isArray(needs)) {
    throw flowInvalid(
      `The needs of step "${step}" must be an array of names, got ${kindOf(needs)}.`,
      'Pass an array.',
    );
  }
  for (const need of needs as readonly unknown[]) {
    if (typeof need === 'string' && declared.includes(need)) continue;
    const near = nearestNames(String(need), declared);
    throw flowInvalid(
      `Step "${step}" needs "${String(need)}", which no step before it is named.`,
      near.length === 0
        ? 'Declare the needed step first.'
        : `Declare the needed step first, or did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`,
    );
  }
  return Object.freeze([...new Set(needs as readonly string[])]);
}

/** The options whose bounds are known when the flow is built. */
interface BoundedOptions {
  readonly retry?: { readonly maxAttempts?: number };
  readonly timeoutMs?: number;
  readonly compensate?: unknown;
  readonly when?: unknown;
}

/** @internal @throws OrchestrationError `FLOW_INVALID` naming the step, the option and its value */
export function checkStepOptions(step: string, options: BoundedOptions): void {
  inBounds(`Step "${step}"`, () => {
    if (options.retry?.maxAttempts !== undefined) checkCount('retry.maxAttempts', options.retry.maxAttempts);
    if (options.timeoutMs !== undefined) checkMs('timeoutMs', options.timeoutMs, 1);
  });
  if (options.compensate !== undefined) checkFunction(`compensate of step "${step}"`, options.compensate);
  if (options.when !== undefined) checkFunction(`when of step "${step}"`, options.when);
}

/** @internal @throws OrchestrationError `FLOW_INVALID` for what is no count >= 1 */
export function checkConcurrency(kind: FlowKind, concurrency: number | undefined): void {
  if (concurrency === undefined) return;
  inBounds(`A ${kind} flow`, () => checkCount('concurrency', concurrency));
}

/** @internal Turns the RangeError of a bound into the error of a flow. */
export function inBounds(where: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw flowInvalid(`${where}: ${(cause as Error).message}.`, 'Correct the option.', cause);
  }
}
