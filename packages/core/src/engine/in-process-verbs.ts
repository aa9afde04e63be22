import { runInContext } from '../ambient.js';
import { checkMs } from '../clock/clock.js';
import { OrchestrationError } from '../errors.js';
import type { CallFrame } from '../facade/call-frame.js';
import { kindOf } from '../json-data.js';
import { logIds } from '../logging/log-id.js';
import { sanitize } from '../logging/redact.js';
import { FailedResult, OkResult, StepFailure, StepResult } from '../step-result.js';
import { type Abortable, scopeOf } from './abort-scope.js';
import { openController } from './open-controller.js';
import type { CompensationReport, RunVerbs } from './run-verbs.js';
import { attemptsOf, mayRetry, pauseAfter } from './step-retry.js';
import type { Step, StepOptions } from './verbs.js';
import { endScope, runInside } from '../watching/watchers.js';

/** How long the compensations of one run may take together. */
const COMPENSATION_BUDGET_MS = 30_000;

interface Undo {
  readonly step: string;
  readonly undo: (signal: AbortSignal) => unknown;
}

/** The verbs of a run that lives and dies with its process: a step just runs. */
export class InProcessVerbs implements RunVerbs {
  readonly #frame: CallFrame;
  readonly #names = new Set<string>();
  readonly #undos: Undo[] = [];
  #compensating = false;

  constructor(frame: CallFrame) {
    this.#frame = frame;
  }

  now(): number {
    return this.#frame.runtime.clock.now();
  }

  random(): number {
    return this.#frame.runtime.random();
  }

  async step<T>(name: string, fn: (step: Step) => unknown, options: StepOptions<T> = {}): Promise<T> {
    const frame = this.#frame;
    const maxAttempts = checkedAttempts(options);
    this.#claim(name);
    const scope = scopeOf(frame);
    const idempotencyKey = `${frame.runId}/${name}`;
    let succeeded = false;
    for (let attempt = 1; ; attempt += 1) {
      throwIfAborted(scope);
      const begun = frame.runtime.clock.monotonic();
      const { result, thrown } = await this.#attempt(
        scope,
        fn,
        { name, attempt, idempotencyKey },
        options.timeoutMs,
        (late) => {
          // Nobody waits for this attempt any more, but what it did is done. Another attempt has the same key.
          if (!succeeded) this.#finished(name, valueOf(late) as T, idempotencyKey, options);
          succeeded = true;
        },
      );
      this.#tell(name, attempt, result, begun);
      if (result.status !== 'failed') {
        const value = valueOf(result) as T;
        if (!succeeded) this.#finished(name, value, idempotencyKey, options);
        succeeded = true;
        return value;
      }
      // The call was ended meanwhile: that is the reason, whatever the step made of it.
      throwIfAborted(scope);
      if (attempt >= maxAttempts || !mayRetry(options.retry, result, thrown)) throw new StepFailure(result);
      const delayMs = pauseAfter(options.retry, attempt, result.retryAfterMs, () => this.random());
      this.#tellRetry(name, attempt, delayMs, result.error);
      await this.sleep(delayMs);
    }
  }

  sleep(ms: number): Promise<void> {
    const scope = scopeOf(this.#frame);
    const { clock } = this.#frame.runtime;
    return new Promise((resolve, reject) => {
      checkMs('sleep', ms);
      throwIfAborted(scope);
      const timer = clock.setTimeout(() => {
        unlisten();
        resolve();
      }, ms);
      const unlisten = scope.onAbort(() => {
        clock.clearTimeout(timer);
        reject(scope.abortReason);
      });
    });
  }

  waitForEvent(name: string, timeoutMs: number | undefined): Promise<StepResult> {
    const frame = this.#frame;
    const scope = scopeOf(frame);
    const { clock } = frame.runtime;
    return new Promise((resolve, reject) => {
      if (timeoutMs !== undefined) checkMs('timeoutMs', timeoutMs);
      throwIfAborted(scope);
      let timer: unknown;
      let delivered = false;
      const done = (): void => {
        delivered = true;
        if (timer !== undefined) clock.clearTimeout(timer);
        unlisten();
        forget();
      };
      const unlisten = scope.onAbort(() => {
        done();
        reject(scope.abortReason);
      });
      let forget: () => void = () => undefined;
      // An event that came before is delivered at once.
      forget = frame.unit.runs.waitFor(frame.runId, name, (payload) => {
        done();
        resolve(new OkResult(payload));
      });
      if (timeoutMs !== undefined && !delivered) {
        timer = clock.setTimeout(() => {
          done();
          resolve(
            new FailedResult(
              `No event "${name}" came within ${timeoutMs} ms. Send it with facade.runs.signal, or wait longer.`,
              {
                errorCategory: 'timeout',
              },
            ),
          );
        }, timeoutMs);
      }
    });
  }

  async compensate(): Promise<CompensationReport> {
    this.#compensating = true;
    const compensated: string[] = [];
    const failed: { step: string; error: string }[] = [];
    if (this.#undos.length === 0) return { compensated, failed };
    const { clock } = this.#frame.runtime;
    const controller = new AbortController();
    const timer = clock.setTimeout(() => {
      controller.abort(
        new DOMException(`Compensation took longer than ${COMPENSATION_BUDGET_MS} ms`, 'TimeoutError'),
      );
    }, COMPENSATION_BUDGET_MS);
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      const failure = await this.#undo(undo, controller.signal);
      this.#tellCompensated(undo.step, failure);
      if (failure === undefined) compensated.push(undo.step);
      else failed.push({ step: undo.step, error: failure.error });
    }
    clock.clearTimeout(timer);
    return { compensated, failed };
  }

  /** One attempt; ends at its timeout even if the step's function does not. */
  #attempt(
    scope: Abortable,
    fn: (step: Step) => unknown,
    info: { readonly name: string; readonly attempt: number; readonly idempotencyKey: string },
    timeoutMs: number | undefined,
    onLate: (result: StepResult) => void,
  ): Promise<{ result: StepResult; thrown: boolean }> {
    const { clock, interceptors } = this.#frame.runtime;
    const { watchers } = interceptors;
    const watched = watchers.steps
      ? watchers.step({ call: this.#frame, step: info.name, attempt: info.attempt })
      : undefined;
    return new Promise((resolve) => {
      let controller: AbortController | undefined;
      let timer: unknown;
      let over = false;
      const end = (result: StepResult, thrown: boolean): void => {
        if (over) return;
        over = true;
        if (timer !== undefined) clock.clearTimeout(timer);
        unlisten();
        if (watched !== undefined) endScope(watched, result);
        resolve({ result, thrown });
      };
      const stop = (reason: Error): void => {
        controller?.abort(reason);
        end(StepResult.fromError(reason), false);
      };
      const unlisten = scope.onAbort(() => {
        stop(scope.abortReason as Error);
      });
      if (timeoutMs !== undefined) {
        timer = clock.setTimeout(() => {
          stop(new DOMException(`The step timed out after ${timeoutMs} ms.`, 'TimeoutError'));
        }, timeoutMs);
      }
      const step: Step = {
        attempt: info.attempt,
        idempotencyKey: info.idempotencyKey,
        // Made when the step looks: with a time limit of its own it needs a signal of its own.
        get signal() {
          return timeoutMs === undefined ? scope.signal : (controller ??= openController()).signal;
        },
      };
      try {
        Promise.resolve(watched === undefined ? fn(step) : runInside(watched, () => fn(step))).then(
          (value) => {
            const result = StepResult.isResult(value) ? value : new OkResult(value);
            if (!over) end(result, false);
            else if (result.status !== 'failed') onLate(result);
          },
          (thrown: unknown) => {
            end(StepResult.fromError(thrown), true);
          },
        );
      } catch (thrown) {
        end(StepResult.fromError(thrown), true);
      }
    });
  }

  #claim(name: string): void {
    if (typeof name !== 'string' || name === '') throw new TypeError('A step needs a non-empty name.');
    if (this.#names.has(name)) {
      throw new OrchestrationError('STEP_NAME_REPEATED', `This run has a step "${name}" already.`);
    }
    this.#names.add(name);
  }

  #finished<T>(name: string, value: T, idempotencyKey: string, options: StepOptions<T>): void {
    const { compensate } = options;
    if (compensate === undefined) return;
    const undo: Undo = { step: name, undo: (signal) => compensate(value, { signal, idempotencyKey }) };
    if (!this.#compensating) {
      this.#undos.push(undo);
      return;
    }
    // The run was given up while this step was in flight; nobody else will undo it.
    void this.#undo(undo, new AbortController().signal).then((failure) => {
      this.#tellCompensated(name, failure);
    });
  }

  /** As part of the call, whoever ended it. */
  #undo(undo: Undo, signal: AbortSignal): Promise<FailedResult | undefined> {
    const { context, runtime } = this.#frame;
    return runtime.ambientContext
      ? runInContext(context, () => runUndo(undo, signal))
      : runUndo(undo, signal);
  }

  #tell(step: string, attempt: number, result: StepResult, begun: number): void {
    const { events, clock } = this.#frame.runtime;
    if (!events.active) return;
    events.emit('step.ended', {
      ...this.#frame.ids(),
      step,
      attempt,
      result,
      durationMs: clock.monotonic() - begun,
    });
  }

  #tellRetry(step: string, attempt: number, delayMs: number, error: string): void {
    const { events } = this.#frame.runtime;
    if (events.active) events.emit('step.retrying', { ...this.#frame.ids(), step, attempt, delayMs, error });
  }

  #tellCompensated(step: string, failure: FailedResult | undefined): void {
    const { events, logger } = this.#frame.runtime;
    if (failure !== undefined) {
      logger.error('step_compensation_failed', {
        ...logIds(this.#frame.ids()),
        step: sanitize(step),
        error: sanitize(failure.error),
      });
    }
    if (events.active) {
      events.emit('step.compensated', {
        ...this.#frame.ids(),
        step,
        ...(failure === undefined ? {} : { failure }),
      });
    }
  }
}

function valueOf(result: StepResult): unknown {
  return result.status === 'ok' || result.status === 'uncertain' ? result.data : undefined;
}

/** How often a step runs at most. @throws RangeError or TypeError for an option that is none, before anything runs */
function checkedAttempts({ retry, timeoutMs, compensate }: StepOptions<never>): number {
  if (timeoutMs !== undefined) checkMs('timeoutMs', timeoutMs, 1);
  if (compensate !== undefined && typeof compensate !== 'function') {
    throw new TypeError(`compensate must be a function, got ${kindOf(compensate)}`);
  }
  return attemptsOf(retry);
}

function throwIfAborted(scope: Abortable): void {
  if (scope.aborted) throw scope.abortReason as Error;
}

/** Runs one compensation to its end or to the end of the budget; never throws. */
function runUndo(undo: Undo, signal: AbortSignal): Promise<FailedResult | undefined> {
  return new Promise((resolve) => {
    const finish = (outcome: StepResult): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(outcome.status === 'failed' ? outcome : undefined);
    };
    const onAbort = (): void => {
      finish(StepResult.fromError(signal.reason));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    try {
      Promise.resolve(undo.undo(signal)).then(
        (value) => {
          finish(StepResult.isResult(value) ? value : new OkResult(value));
        },
        (thrown: unknown) => {
          finish(StepResult.fromError(thrown));
        },
      );
    } catch (thrown) {
      finish(StepResult.fromError(thrown));
    }
  });
}
