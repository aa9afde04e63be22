import { AsyncResource } from 'node:async_hooks';

import { runDetached, runInContext, runOperation } from '../ambient.js';
import { runInScope, scopeOf } from '../engine/abort-scope.js';
import { FailedResult, OkResult, SkippedResult, StepResult } from '../step-result.js';
import { abortedResult, EndableAttempt, type Sink, WholeAttempt } from './attempt.js';
import type { AttemptWatch } from './attempt-watch.js';
import type { CallFrame } from './call-frame.js';
import type { CallJournal } from './call-journal.js';
import { answerBefore, type RunAttempt, wrapAround } from './interception.js';
import type { AttemptEnd } from './interceptor.js';
import { invalidParams } from './refusals.js';
import type { Runtime } from './runtime.js';
import type { Settlement } from './settlement.js';
import type { Slots } from './slots.js';

const MANUAL = { requireManualDestroy: true };
const nativeThen = Promise.prototype.then;

/** The way of an admitted call to the author's code: interceptors, params, slot, body. */
export class Execution {
  readonly #runtime: Runtime;
  readonly #settlement: Settlement;
  readonly #journal: CallJournal;

  constructor(runtime: Runtime, settlement: Settlement, journal: CallJournal) {
    this.#runtime = runtime;
    this.#settlement = settlement;
    this.#journal = journal;
  }

  /** Starts the orchestrator where it is not up yet, then checks and runs. */
  run(frame: CallFrame): void {
    const runtime = this.#runtime;
    const { unit, operation } = frame;
    if (!unit.callable) this.#startThenRun(frame);
    else if (!operation.direct || runtime.interceptors.active) this.#intercept(frame);
    else if (operation.check === undefined) this.#body(frame, frame.params, undefined);
    else {
      const checked = operation.check(frame.params);
      if (checked.ok) this.#body(frame, checked.value, undefined);
      else this.#settlement.settle(frame, invalidParams(unit.name, operation.name, checked.violations));
    }
  }

  #startThenRun(frame: CallFrame): void {
    frame.unit.lifecycle
      .ensureStarted(this.#runtime)
      .then((failure) => {
        if (frame.settled) this.#settlement.leaveIfOver(frame);
        else if (failure !== undefined) this.#settlement.settle(frame, failure);
        else this.#intercept(frame);
      })
      .catch((thrown: unknown) => {
        this.#settlement.settle(frame, StepResult.fromError(thrown));
      });
  }

  #intercept(frame: CallFrame): void {
    const hooks = this.#runtime.interceptors.hooksOf(frame);
    if (hooks.before.length > 0) {
      const answered = answerBefore(frame.call, hooks);
      if (answered !== undefined) {
        this.#settlement.settle(frame, answered);
        return;
      }
    }
    const { operation } = frame;
    let { params } = frame;
    if (operation.check !== undefined) {
      const checked = operation.check(params);
      if (!checked.ok) {
        this.#settlement.settle(frame, invalidParams(frame.unit.name, operation.name, checked.violations));
        return;
      }
      params = checked.value;
    }
    if (hooks.around.length === 0) {
      this.#attempt(frame, params, undefined);
      return;
    }
    const valid = params;
    const attempt: RunAttempt = (ends, watches, own) =>
      ends.length === 0
        ? this.#wholeAttempt(frame, valid, watches, own)
        : this.#endableAttempt(frame, valid, ends, watches, own);
    const wrapped = this.#runtime.ambientContext
      ? runInContext(frame.context, () => wrapAround(frame.call, hooks, attempt))
      : wrapAround(frame.call, hooks, attempt);
    void wrapped.then((result) => {
      this.#settlement.finish(frame, result);
    });
  }

  /** An attempt that ends when its call does. */
  #wholeAttempt(
    frame: CallFrame,
    params: unknown,
    watches: readonly AttemptWatch[],
    own: AttemptWatch | undefined,
  ): Promise<StepResult> {
    if (frame.settled || frame.aborted) return Promise.resolve(tooLate(frame, own));
    return new Promise((resolve) => {
      this.#attempt(frame, params, new WholeAttempt(frame, watches, own, resolve));
    });
  }

  /** An attempt that can be ended while its call goes on; what it comes to after that is counted and dropped. */
  #endableAttempt(
    frame: CallFrame,
    params: unknown,
    ends: readonly AttemptEnd[],
    watches: readonly AttemptWatch[],
    own: AttemptWatch | undefined,
  ): Promise<StepResult> {
    if (frame.settled || frame.aborted) return Promise.resolve(tooLate(frame, own));
    return new Promise((resolve) => {
      const attempt = new EndableAttempt(frame, watches, own, resolve, this.#journal);
      if (!attempt.endBy(ends)) return;
      runInScope(attempt, () => {
        this.#attempt(frame, params, attempt);
      });
    });
  }

  /** Asks whether it may, waits for a slot, runs the body. */
  #attempt(frame: CallFrame, params: unknown, sink: Sink): void {
    if (scopeOf(frame).aborted) return;
    const { can } = frame.operation;
    if (can === undefined) {
      this.#takeSlot(frame, params, sink);
      return;
    }
    let answer: boolean | Promise<boolean>;
    try {
      answer = this.#runtime.ambientContext
        ? (runOperation(frame.context, can, params) as boolean | Promise<boolean>)
        : can(frame.context, params);
    } catch (thrown) {
      this.#deliver(frame, cannotTell(frame, thrown), sink);
      return;
    }
    if (typeof answer === 'boolean') this.#afterCan(frame, answer, params, sink);
    else {
      // Not Promise.resolve: it reads `constructor` of what it is given, outside of any promise.
      new Promise<unknown>((resolve) => {
        resolve(answer);
      }).then(
        (yes) => {
          this.#afterCan(frame, yes, params, sink);
        },
        (thrown: unknown) => {
          this.#deliver(frame, cannotTell(frame, thrown), sink);
        },
      );
    }
  }

  #afterCan(frame: CallFrame, yes: unknown, params: unknown, sink: Sink): void {
    if (frame.settled) this.#settlement.leaveIfOver(frame);
    else if (scopeOf(frame).aborted) return;
    else if (yes) this.#takeSlot(frame, params, sink);
    else {
      this.#journal.declined(frame);
      this.#deliver(
        frame,
        new SkippedResult(`${frame.unit.name} cannot take this call: canOrchestrate said no.`),
        sink,
      );
    }
  }

  #takeSlot(frame: CallFrame, params: unknown, sink: Sink): void {
    const { slots } = frame.unit;
    // A chain that comes back holds a slot already; waiting for another could wait for itself.
    if (slots === undefined || (frame.unit.options.reentrant === true && comesBack(frame))) {
      this.#body(frame, params, sink);
      return;
    }
    if (slots.tryTake()) {
      this.#body(frame, params, sink, slots);
      return;
    }
    let unlisten: () => void = () => undefined;
    // Whoever gives the slot back hands over the place, not the async context that its own code runs in.
    const here = new AsyncResource('kapelle.waiting', MANUAL);
    const take = (): void => {
      unlisten();
      if (frame.settled) slots.release();
      else this.#body(frame, params, sink, slots);
    };
    const giveUp = slots.wait(() => {
      here.runInAsyncScope(take);
    });
    if (giveUp === undefined) {
      this.#deliver(
        frame,
        new FailedResult(
          `${frame.unit.name} is at its limit: ${slots.running} calls run and ${slots.waiting} wait. Call again later.`,
          { errorCategory: 'service_overloaded' },
        ),
        sink,
      );
      return;
    }
    unlisten = scopeOf(frame).onAbort(giveUp);
  }

  /** `slot`: where the place it holds is to be given back, once the body has ended. */
  #body(frame: CallFrame, params: unknown, sink: Sink, slot?: Slots): void {
    const { unit, operation, context } = frame;
    const run = operation.run;
    frame.bodies += 1;
    unit.running += 1;
    if (sink !== undefined) for (const watch of sink.watches) watch.began();
    let value: unknown;
    try {
      if (run === undefined) throw new Error(`${unit.name} has no instance.`);
      if (operation.durable && this.#runtime.engine !== undefined && frame.verbs === undefined) {
        value = this.#onEngine(frame, params);
      } else {
        if (frame.knownRunId !== undefined) unit.runs.began(frame);
        value = this.#runtime.ambientContext
          ? runOperation(context, run, params)
          : runDetached(context, run, params);
      }
      if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
        const { then } = value as { readonly then?: unknown };
        if (typeof then === 'function') {
          // A `then` of somebody's own may call back twice, or never tell: only the language's is used as it is.
          const promise =
            then === nativeThen && value instanceof Promise
              ? (value as Promise<unknown>)
              : new Promise<unknown>((resolve) => {
                  resolve(value);
                });
          void nativeThen.call(
            promise,
            (settled: unknown) => {
              this.#ended(frame, resultOf(settled), sink, slot);
            },
            (thrown: unknown) => {
              this.#ended(frame, thrownResult(frame, thrown), sink, slot);
            },
          );
          return;
        }
      }
    } catch (thrown) {
      this.#ended(frame, thrownResult(frame, thrown), sink, slot);
      return;
    }
    this.#ended(frame, resultOf(value), sink, slot);
  }

  async #onEngine(frame: CallFrame, params: unknown): Promise<StepResult> {
    const engine = this.#runtime.engine as NonNullable<Runtime['engine']>;
    const envelope = {
      runId: frame.runId,
      orchestrator: frame.unit.name,
      operation: frame.operation.name,
      params,
      context: { ...frame.context.toJSON(), ...frame.scope?.carry?.() },
    };
    try {
      const result = await engine.run(envelope, { signal: frame.signal });
      frame.unit.runs.began(frame);
      return result;
    } catch (cause) {
      return new FailedResult(
        `The engine cannot be reached for ${frame.unit.name}.${frame.operation.name}. Try again later; the same run id attaches.`,
        { errorCategory: 'service_unavailable', cause },
      );
    }
  }

  /** The author's code has ended, one way or the other. */
  #ended(frame: CallFrame, result: StepResult, sink: Sink, slot: Slots | undefined): void {
    frame.bodies -= 1;
    frame.unit.running -= 1;
    slot?.release();
    if (sink !== undefined) for (const watch of sink.watches) watch.ended();
    if (frame.settled) {
      this.#settlement.late(frame, result);
      return;
    }
    if (sink !== undefined) sink.answer(result);
    // Nothing to undo and nothing to clean up: the usual case, without another call.
    else if (frame.verbs === undefined && !frame.unit.cleanupAfterCall)
      this.#settlement.settle(frame, result);
    else this.#settlement.finish(frame, result);
  }

  /** The answer of an attempt that ran no body: there is nothing to undo or to clean up. */
  #deliver(frame: CallFrame, result: StepResult, sink: Sink): void {
    if (frame.settled) this.#settlement.leaveIfOver(frame);
    else if (sink !== undefined) sink.answer(result);
    else this.#settlement.settle(frame, result);
  }
}

/** What an interceptor gets that asks for an attempt of a call which has been answered. */
function tooLate(frame: CallFrame, own: AttemptWatch | undefined): StepResult {
  own?.answered();
  return frame.aborted ? abortedResult(frame) : answeredAlready(frame);
}

function answeredAlready(frame: CallFrame): FailedResult {
  return new FailedResult(
    `${frame.unit.name}.${frame.operation.name} was answered already. Call next before the interceptor returns.`,
    { errorCategory: 'cancelled' },
  );
}

export function resultOf(value: unknown): StepResult {
  return StepResult.isResult(value) ? value : new OkResult(value);
}

/** A thrown value, in the light of why the call may have been ended. */
export function thrownResult(frame: CallFrame, thrown: unknown): StepResult {
  if (frame.aborted && thrown === frame.abortReason) return abortedResult(frame);
  return StepResult.fromError(thrown);
}

function cannotTell(frame: CallFrame, thrown: unknown): FailedResult {
  const failure = StepResult.fromError(thrown);
  const why = failure.status === 'failed' ? failure.error : failure.reason;
  return new FailedResult(`canOrchestrate of ${frame.unit.name} failed: ${why}`, {
    errorCategory: failure.status === 'failed' ? failure.errorCategory : 'execution',
    cause: thrown,
  });
}

/** Whether the call stands in a chain that its orchestrator is part of already. */
function comesBack(frame: CallFrame): boolean {
  for (let link = frame.state.chain; link !== undefined; link = link.before) {
    if (link.name === frame.unit.name) return true;
  }
  return false;
}
