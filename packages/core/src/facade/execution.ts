import { AsyncResource } from 'node:async_hooks';

import { runDetached, runInContext, runOperation } from '../ambient.js';
import { runInScope, scopeOf } from '../engine/abort-scope.js';
import { FailedResult, SkippedResult, StepResult } from '../step-result.js';
import { EndableAttempt, type Sink, WholeAttempt } from './attempt.js';
import type { AttemptWatch } from './attempt-watch.js';
import {
  cannotTell,
  comesBack,
  nativeThen,
  promiseIn,
  resultOf,
  tellBegan,
  tellEnded,
  thrownResult,
  tooLate,
} from './body-outcome.js';
import type { CallFrame } from './call-frame.js';
import type { CallJournal } from './call-journal.js';
import { answerBefore, type RunAttempt, wrapAround } from './interception.js';
import type { AttemptEnd, Hooks } from './interceptor.js';
import { invalidParams } from './refusals.js';
import type { Runtime } from './runtime.js';
import type { Settlement } from './settlement.js';
import type { Slots } from './slots.js';
import type { Violation } from '../validation/index.js';

const MANUAL = { requireManualDestroy: true };

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
    const { operation } = frame;
    if (!frame.unit.callable) this.#startThenRun(frame);
    else if (!operation.direct || this.#runtime.interceptors.active) this.#intercept(frame);
    else if (operation.check === undefined) this.#body(frame, frame.params, undefined, undefined);
    else {
      const checked = operation.check(frame.params);
      if (checked.ok) this.#body(frame, checked.value, undefined, undefined);
      else this.#refuseParams(frame, checked.violations);
    }
  }

  #refuseParams(frame: CallFrame, violations: readonly Violation[]): void {
    this.#settlement.settle(frame, invalidParams(frame.unit.name, frame.operation.name, violations));
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
    const { check, direct } = frame.operation;
    let { params } = frame;
    if (check !== undefined) {
      const checked = check(params);
      if (!checked.ok) {
        this.#refuseParams(frame, checked.violations);
        return;
      }
      params = checked.value;
    }
    if (hooks.around.length > 0) this.#wrap(frame, hooks, params);
    else if (!direct || frame.aborted) this.#attempt(frame, params, undefined);
    else this.#body(frame, params, undefined, undefined);
  }

  /** Runs it inside the `around` hooks, which may ask for more than one attempt. */
  #wrap(frame: CallFrame, hooks: Hooks, params: unknown): void {
    const attempt: RunAttempt = (ends, watches, own) =>
      ends.length === 0
        ? this.#wholeAttempt(frame, params, watches, own)
        : this.#endableAttempt(frame, params, ends, watches, own);
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
      this.#body(frame, params, sink, undefined);
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
  #body(frame: CallFrame, params: unknown, sink: Sink, slot: Slots | undefined): void {
    const { operation, context } = frame;
    const { run } = operation;
    frame.bodies += 1;
    frame.unit.running += 1;
    if (sink !== undefined) tellBegan(sink.watches);
    let value: unknown;
    try {
      if (run === undefined || operation.durable || frame.knownRunId !== undefined) {
        value = this.#asRun(frame, params);
      } else {
        value = this.#runtime.ambientContext
          ? runOperation(context, run, params)
          : runDetached(context, run, params);
      }
      const promise = promiseIn(value);
      if (promise !== undefined) {
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
    } catch (thrown) {
      this.#ended(frame, thrownResult(frame, thrown), sink, slot);
      return;
    }
    this.#ended(frame, resultOf(value), sink, slot);
  }

  /** Runs the author's code where an engine may be asked to, or where somebody knows the run by its id. */
  #asRun(frame: CallFrame, params: unknown): unknown {
    const { unit, operation, context } = frame;
    const { run } = operation;
    if (run === undefined) throw new Error(`${unit.name} has no instance.`);
    if (operation.durable && this.#runtime.engine !== undefined && frame.verbs === undefined) {
      return this.#onEngine(frame, params);
    }
    if (frame.knownRunId !== undefined) unit.runs.began(frame);
    return this.#runtime.ambientContext
      ? runOperation(context, run, params)
      : runDetached(context, run, params);
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
    const { unit } = frame;
    frame.bodies -= 1;
    unit.running -= 1;
    if (slot !== undefined) slot.release();
    if (sink !== undefined) tellEnded(sink.watches);
    if (frame.settled) this.#settlement.late(frame, result);
    else if (sink !== undefined) sink.answer(result);
    // Nothing to undo and nothing to clean up: the usual case, without another call.
    else if (frame.verbs === undefined && !unit.cleanupAfterCall) this.#settlement.settle(frame, result);
    else this.#settlement.finish(frame, result);
  }

  /** The answer of an attempt that ran no body: there is nothing to undo or to clean up. */
  #deliver(frame: CallFrame, result: StepResult, sink: Sink): void {
    if (frame.settled) this.#settlement.leaveIfOver(frame);
    else if (sink !== undefined) sink.answer(result);
    else this.#settlement.settle(frame, result);
  }
}
