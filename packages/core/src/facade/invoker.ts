import { AsyncResource } from 'node:async_hooks';

import { runInContext, runOperation } from '../ambient.js';
import { type ContextState, OrchestrationContext } from '../context.js';
import { scopeOf } from '../engine/abort-scope.js';
import type { RunEnvelope } from '../engine/engine.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import { kindOf } from '../json-data.js';
import { sanitize } from '../logging/redact.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, OkResult, SkippedResult, StepResult } from '../step-result.js';
import { CallFrame, CallTiming } from './call-frame.js';
import { attendRun } from './attend-run.js';
import { answerAfter, answerBefore, wrapAround } from './interception.js';
import { InvocationContext } from './invocation-context.js';
import type { CallOptions } from './references.js';
import {
  cycleRefusal,
  depthRefusal,
  invalidParams,
  layerRefusal,
  notFound,
  stoppedRefusal,
  unreadable,
  unknownOperation,
} from './refusals.js';
import type { Runtime } from './runtime.js';
import { linkSignal } from './signal-links.js';

/** After an abort a body that goes on is given this long before its finished steps are undone. */
const COMPENSATION_GRACE_MS = 1_000;

/** Where an attempt's result goes: to an interceptor that asked for it, else to the caller. */
type Sink = ((result: StepResult) => void) | undefined;

// The executor of every call's promise: hands the resolver over without a closure per call.
let handedOver: (result: StepResult) => void;
const handOver = (resolve: (result: StepResult) => void): void => {
  handedOver = resolve;
};

/** Finds what a call refers to. */
export interface Directory {
  find(ref: unknown): OrchestratorUnit | undefined;
  byName(name: string): OrchestratorUnit | undefined;
  names(): Iterable<string>;
}

/** The only path of a call, from the facade to the author's code and back. */
export class Invoker {
  readonly runtime: Runtime;
  readonly #directory: Directory;

  constructor(runtime: Runtime, directory: Directory) {
    this.runtime = runtime;
    this.#directory = directory;
  }

  /** Never throws and never rejects. `internal`: made by an orchestrator of this facade, which may finish its work. */
  dispatch(
    ref: unknown,
    context: unknown,
    params: unknown,
    options?: CallOptions,
    internal = true,
  ): Promise<StepResult> {
    try {
      const unit = this.#directory.find(ref);
      if (unit === undefined) return this.#refuse(ref, context, notFound(ref, this.#directory.names()));
      return this.invoke(unit, undefined, context, params, options, internal);
    } catch (thrown) {
      return this.#refuse(ref, context, unreadable('The reference to an orchestrator', thrown));
    }
  }

  /** As {@link dispatch}, of a known operation or of the one that params name. */
  invoke(
    unit: OrchestratorUnit,
    operation: CompiledOperation | undefined,
    context: unknown,
    params: unknown,
    options: CallOptions | undefined,
    internal: boolean,
  ): Promise<StepResult> {
    try {
      return this.#invoke(unit, operation, context, params, options, internal);
    } catch (thrown) {
      return this.#refuse(unit.name, context, unreadable(`The call of ${unit.name}`, thrown));
    }
  }

  #invoke(
    unit: OrchestratorUnit,
    known: CompiledOperation | undefined,
    context: unknown,
    params: unknown,
    options: CallOptions | undefined,
    internal: boolean,
  ): Promise<StepResult> {
    if (!OrchestrationContext.isContext(context)) {
      return this.#refuse(
        unit.name,
        undefined,
        new FailedResult(
          `The context of a call of ${unit.name} is not an OrchestrationContext. Make one with OrchestrationContext.create({ tenantId }).`,
          { errorCategory: 'validation' },
        ),
      );
    }
    // An operation that passes its own context on makes a call of its own.
    const own = InvocationContext.frameOf(context);
    const base = own === undefined ? context : context.createChildContext(own.unit.name);
    const state = OrchestrationContext.stateOf(base);
    const parent = state.frame as CallFrame | undefined;

    const refusal = this.#admit(unit, state, internal || (parent !== undefined && !parent.over));
    if (refusal !== undefined) return this.#refuse(unit.name, base, refusal);
    const operation = known ?? operationOf(unit, params);
    if (operation instanceof FailedResult) return this.#refuse(unit.name, base, operation);

    if (options !== undefined) {
      const problem = optionsProblem(options);
      if (problem !== undefined) return this.#refuse(unit.name, base, problem);
      if (options.runId !== undefined || options.idempotencyKey !== undefined) {
        const attached = unit.runs.attachOrOpen(unit, operation, state, options);
        if (attached !== undefined) return attendRun(attached, unit, operation, base, options);
      }
    }
    const frame = new CallFrame(unit, operation, state, params, options, parent);
    const answer = new Promise<StepResult>(handOver);
    frame.resolve = handedOver;
    frame.answer = answer;
    if (options !== undefined && (options.runId !== undefined || options.idempotencyKey !== undefined)) {
      unit.runs.opened(frame);
    }
    this.#launch(frame);
    return answer;
  }

  #launch(frame: CallFrame): void {
    try {
      this.#begin(frame);
    } catch (thrown) {
      this.settle(frame, this.failureOf(thrown));
    }
  }

  /** Runs an operation for an engine that brings its own verbs. */
  execute(envelope: RunEnvelope, verbs: RunVerbs): Promise<StepResult> {
    const unit = this.#directory.byName(envelope.orchestrator);
    const raw = unit?.rawOperation;
    const operation =
      unit?.operations.get(envelope.operation) ?? (raw?.name === envelope.operation ? raw : undefined);
    if (unit === undefined || operation === undefined) {
      return Promise.resolve(notFound(envelope.orchestrator, this.#directory.names()));
    }
    const state = OrchestrationContext.stateOf(OrchestrationContext.fromJSON(envelope.context));
    const frame = new CallFrame(
      unit,
      operation,
      state,
      envelope.params,
      { runId: envelope.runId },
      undefined,
    );
    frame.verbs = verbs;
    const answer = new Promise<StepResult>(handOver);
    frame.resolve = handedOver;
    frame.answer = answer;
    this.#launch(frame);
    return answer;
  }

  #admit(unit: OrchestratorUnit, state: ContextState, ofRunningWork: boolean): FailedResult | undefined {
    const { runtime } = this;
    if (runtime.admission !== 'open' && !(runtime.admission === 'draining' && ofRunningWork)) {
      return stoppedRefusal(unit.name, runtime.admissionReason);
    }
    if (state.chain === undefined) return undefined;
    const caller = this.#directory.byName(state.chain.name);
    if (caller !== undefined && !runtime.layerRule[caller.layer].includes(unit.layer)) {
      return layerRefusal(caller, unit, runtime.layerRule);
    }
    if (unit.options.reentrant !== true) {
      for (let link: ContextState['chain'] = state.chain; link !== undefined; link = link.before) {
        if (link.name === unit.name) return cycleRefusal(unit.name, state.chain);
      }
    }
    return state.depth > runtime.maxDepth ? depthRefusal(unit.name, state, runtime.maxDepth) : undefined;
  }

  /** Puts the frame under its deadline and signals, then runs it. */
  #begin(frame: CallFrame): void {
    const { runtime } = this;
    const { unit, operation, state, parent } = frame;
    runtime.enter(frame);
    operation.stats.started += 1;
    const observed = runtime.events.active || runtime.logger.isLevelEnabled?.('info') !== false;
    if (observed) this.#tellStart(frame);
    const timeoutMs = frame.options.timeoutMs ?? operation.timeoutMs;
    if (
      timeoutMs !== undefined ||
      state.deadline !== undefined ||
      observed ||
      (parent !== undefined && parent.expiresAt !== Infinity)
    ) {
      if (!this.#limit(frame, timeoutMs)) return;
    }
    if (state.sources.length > 0 || parent !== undefined) this.#link(frame);
    if (frame.settled) return;
    if (!unit.callable) this.#startThenRun(frame);
    else if (!operation.direct || runtime.interceptors.active) this.#run(frame);
    else if (operation.check === undefined) this.#body(frame, frame.params, undefined);
    else {
      const checked = operation.check(frame.params);
      if (checked.ok) this.#body(frame, checked.value, undefined);
      else this.settle(frame, invalidParams(unit.name, operation.name, checked.violations));
    }
  }

  /** Notes when the call began and puts it under its limit; `false` where no time is left. */
  #limit(frame: CallFrame, timeoutMs: number | undefined): boolean {
    const { clock, deadlines } = this.runtime;
    const { state, parent } = frame;
    const now = clock.monotonic();
    let expiresAt = parent?.expiresAt ?? Infinity;
    if (timeoutMs !== undefined) expiresAt = Math.min(expiresAt, now + timeoutMs);
    if (state.deadline !== undefined) expiresAt = Math.min(expiresAt, now + state.deadline - clock.now());
    const timing = new CallTiming(frame, now, expiresAt);
    frame.timing = timing;
    if (expiresAt === Infinity) return true;
    if (expiresAt - now >= 1) {
      deadlines.add(timing, now);
      return true;
    }
    this.settle(
      frame,
      new FailedResult(
        `No time was left for ${frame.unit.name}.${frame.operation.name}: its deadline has passed. It was not started.`,
        { errorCategory: 'timeout', details: { notStarted: true } },
      ),
    );
    return false;
  }

  /** Makes the caller's signals and the parent call end this one. */
  #link(frame: CallFrame): void {
    const { parent } = frame;
    const undo: (() => void)[] = [];
    frame.atEnd(() => {
      for (const each of undo) each();
    });
    if (parent !== undefined && (!parent.over || parent.aborted)) {
      const scope = scopeOf(parent);
      undo.push(
        scope.onAbort(() => {
          frame.abort(
            parent.abortKind ?? 'cancelled',
            scope === parent ? `${parent.unit.name} was` : 'another branch failed',
          );
        }),
      );
    }
    for (const source of frame.state.sources) {
      if (source.aborted) {
        frame.abort('cancelled', 'its caller asked for it');
        break;
      }
      undo.push(linkSignal(source, frame));
    }
    if (frame.settled) frame.unlink();
  }

  #startThenRun(frame: CallFrame): void {
    frame.unit.lifecycle
      .ensureStarted(this.runtime)
      .then((failure) => {
        if (frame.settled) this.#leaveIfOver(frame);
        else if (failure !== undefined) this.settle(frame, failure);
        else this.#run(frame);
      })
      .catch((thrown: unknown) => {
        this.settle(frame, this.failureOf(thrown));
      });
  }

  #run(frame: CallFrame): void {
    const { interceptors } = this.runtime;
    if (interceptors.active) {
      const answered = answerBefore(frame.call, interceptors);
      if (answered !== undefined) {
        this.settle(frame, answered);
        return;
      }
    }
    const { operation } = frame;
    let { params } = frame;
    if (operation.check !== undefined) {
      const checked = operation.check(params);
      if (!checked.ok) {
        this.settle(frame, invalidParams(frame.unit.name, operation.name, checked.violations));
        return;
      }
      params = checked.value;
    }
    if (interceptors.around.length === 0) {
      this.#attempt(frame, params, undefined);
      return;
    }
    const valid = params;
    const attempt = (): Promise<StepResult> =>
      new Promise((resolve) => {
        if (frame.settled) {
          resolve(frame.aborted ? abortedResult(frame) : answeredAlready(frame));
          return;
        }
        // Somebody who waits for an attempt hears of the abort as the caller does.
        const forget = frame.onAbort(() => {
          resolve(abortedResult(frame));
        });
        this.#attempt(frame, valid, (result) => {
          forget();
          resolve(result);
        });
      });
    const wrapped = this.runtime.ambientContext
      ? runInContext(frame.context, () => wrapAround(frame.call, interceptors, attempt))
      : wrapAround(frame.call, interceptors, attempt);
    void wrapped.then((result) => {
      this.#finish(frame, result);
    });
  }

  /** Asks whether it may, waits for a slot, runs the body. */
  #attempt(frame: CallFrame, params: unknown, sink: Sink): void {
    if (frame.aborted) return;
    const { can } = frame.operation;
    if (can === undefined) {
      this.#takeSlot(frame, params, sink);
      return;
    }
    let answer: boolean | Promise<boolean>;
    try {
      answer = this.runtime.ambientContext
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
    if (frame.settled) this.#leaveIfOver(frame);
    else if (yes) this.#takeSlot(frame, params, sink);
    else {
      declined.add(frame);
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
    if (
      slots === undefined ||
      frame.holdsSlot ||
      (frame.unit.options.reentrant === true && comesBack(frame))
    ) {
      this.#body(frame, params, sink);
      return;
    }
    if (slots.tryTake()) {
      frame.holdsSlot = true;
      this.#body(frame, params, sink);
      return;
    }
    let unlisten: () => void = () => undefined;
    // Whoever gives the slot back hands over the place, not the async context that its own code runs in.
    const here = new AsyncResource('kapelle.waiting', MANUAL);
    const take = (): void => {
      unlisten();
      frame.holdsSlot = true;
      if (frame.settled) this.#releaseSlot(frame);
      else this.#body(frame, params, sink);
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
    unlisten = frame.onAbort(giveUp);
  }

  #body(frame: CallFrame, params: unknown, sink: Sink): void {
    const { unit, operation, context } = frame;
    const run = operation.run;
    frame.bodies += 1;
    unit.running += 1;
    let value: unknown;
    try {
      if (run === undefined) throw new Error(`${unit.name} has no instance.`);
      if (operation.durable && this.runtime.engine !== undefined && frame.verbs === undefined) {
        value = this.#onEngine(frame, params);
      } else {
        value = this.runtime.ambientContext ? runOperation(context, run, params) : run(context, params);
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
              this.#ended(frame, resultOf(settled), sink);
            },
            (thrown: unknown) => {
              this.#ended(frame, this.#thrown(frame, thrown), sink);
            },
          );
          return;
        }
      }
    } catch (thrown) {
      this.#ended(frame, this.#thrown(frame, thrown), sink);
      return;
    }
    this.#ended(frame, resultOf(value), sink);
  }

  async #onEngine(frame: CallFrame, params: unknown): Promise<StepResult> {
    const engine = this.runtime.engine as NonNullable<Runtime['engine']>;
    const envelope = {
      runId: frame.runId,
      orchestrator: frame.unit.name,
      operation: frame.operation.name,
      params,
      context: frame.context.toJSON(),
    };
    try {
      return await engine.run(envelope, { signal: frame.signal });
    } catch (cause) {
      return new FailedResult(
        `The engine cannot be reached for ${frame.unit.name}.${frame.operation.name}. Try again later; the same run id attaches.`,
        { errorCategory: 'service_unavailable', cause },
      );
    }
  }

  /** The author's code has ended, one way or the other. */
  #ended(frame: CallFrame, result: StepResult, sink: Sink): void {
    frame.bodies -= 1;
    frame.unit.running -= 1;
    if (frame.holdsSlot && frame.bodies === 0) this.#releaseSlot(frame);
    if (frame.settled) {
      this.#late(frame, result);
      return;
    }
    if (sink !== undefined) sink(result);
    // Nothing to undo and nothing to clean up: the usual case, without another call.
    else if (frame.verbs === undefined && !frame.unit.cleanupAfterCall) this.settle(frame, result);
    else this.#finish(frame, result);
  }

  /** The answer of an attempt that ran no body: there is nothing to undo or to clean up. */
  #deliver(frame: CallFrame, result: StepResult, sink: Sink): void {
    if (frame.settled) this.#leaveIfOver(frame);
    else if (sink !== undefined) sink(result);
    else this.settle(frame, result);
  }

  #releaseSlot(frame: CallFrame): void {
    frame.holdsSlot = false;
    frame.unit.slots?.release();
  }

  /** Undoes what a failed run has done and cleans up after the call, where asked; then answers. */
  #finish(frame: CallFrame, result: StepResult): void {
    if (frame.settled) {
      this.#leaveIfOver(frame);
      return;
    }
    const undo = frame.verbs !== undefined && result.status === 'failed';
    if (!undo && !frame.unit.cleanupAfterCall) {
      this.settle(frame, result);
      return;
    }
    void this.#finishSlowly(frame, result, undo);
  }

  async #finishSlowly(frame: CallFrame, result: StepResult, undo: boolean): Promise<void> {
    frame.bodies += 1;
    let answer = result;
    try {
      if (undo) answer = await this.#compensated(frame, result);
      if (frame.unit.cleanupAfterCall) await this.#cleanUp(frame);
    } catch (thrown) {
      this.#tellCompensationFailed(frame, thrown);
    }
    frame.bodies -= 1;
    if (!frame.settled) {
      this.settle(frame, answer);
      return;
    }
    // The caller was answered while this went on, and it was counted as abandoned.
    frame.unit.abandoned -= 1;
    this.#leaveIfOver(frame);
  }

  async #compensated(frame: CallFrame, result: StepResult): Promise<StepResult> {
    const report = await frame.verbs?.compensate();
    if (report === undefined || result.status !== 'failed') return result;
    if (report.compensated.length === 0 && report.failed.length === 0) return result;
    const { error, metadata, ...failure } = result;
    return new FailedResult(error, { ...failure, metadata: { ...metadata, compensation: report } });
  }

  /** Answers the caller, once. */
  settle(frame: CallFrame, answer: StepResult): void {
    if (frame.settled) return;
    frame.settled = true;
    const { runtime } = this;
    const { timing } = frame;
    if (timing?.list !== undefined) runtime.deadlines.remove(timing);
    frame.unlink();
    let result = answer;
    try {
      if (runtime.interceptors.after.length > 0) {
        result = answerAfter(frame.call, runtime.interceptors, answer);
      }
      this.#count(frame, result);
      if (timing !== undefined || runtime.events.active || result.status === 'failed') {
        this.#tellEnd(frame, result);
      }
    } catch (thrown) {
      // Something that passes for a result and throws when it is looked at: the caller is answered all the same.
      result = this.failureOf(thrown);
    }
    if (frame.knownRunId !== undefined) frame.unit.runs.ended(frame, result);
    frame.resolve?.(result);
    if (frame.bodies > 0) {
      frame.unit.abandoned += 1;
      if (frame.verbs !== undefined || frame.unit.cleanupAfterCall) this.#windUpAfterGrace(frame);
    } else {
      this.#leaveIfOver(frame);
    }
  }

  /** The caller had been answered: the result is counted and dropped, what was done is undone. */
  #late(frame: CallFrame, result: StepResult): void {
    frame.operation.stats.late += 1;
    const { events } = this.runtime;
    if (events.active) events.emit('call.late', { ...frame.ids(), result });
    if (frame.bodies > 0) return;
    frame.unit.abandoned -= 1;
    if (frame.verbs === undefined && !frame.unit.cleanupAfterCall) this.#leaveIfOver(frame);
    else void this.#windUp(frame);
  }

  #windUpAfterGrace(frame: CallFrame): void {
    const { clock } = this.runtime;
    const timer = clock.setTimeout(() => {
      frame.graceTimer = undefined;
      if (frame.bodies > 0) void this.#windUp(frame);
    }, COMPENSATION_GRACE_MS);
    clock.keepAlive?.(timer, false);
    frame.graceTimer = timer;
  }

  /** Undoes and cleans up after a call whose caller was answered while its body ran on. */
  async #windUp(frame: CallFrame): Promise<void> {
    const { graceTimer } = frame;
    if (graceTimer !== undefined) this.runtime.clock.clearTimeout(graceTimer);
    frame.graceTimer = undefined;
    frame.compensating = true;
    try {
      if (frame.aborted) await frame.verbs?.compensate();
      if (frame.unit.cleanupAfterCall) await this.#cleanUp(frame);
    } catch (thrown) {
      this.#tellCompensationFailed(frame, thrown);
    }
    frame.compensating = false;
    this.#leaveIfOver(frame);
  }

  /** The cleanup of `cleanupAfterCall`, once per call. */
  async #cleanUp(frame: CallFrame): Promise<void> {
    if (cleanedUp.has(frame)) return;
    cleanedUp.add(frame);
    await frame.unit.lifecycle.cleanupAfterCall(this.runtime);
  }

  #tellCompensationFailed(frame: CallFrame, thrown: unknown): void {
    this.runtime.logger.error('compensation_failed', { ...frame.ids(), error: sanitize(thrown) });
  }

  #leaveIfOver(frame: CallFrame): void {
    if (frame.over || !frame.settled || frame.bodies > 0 || frame.compensating) return;
    frame.over = true;
    this.runtime.leave(frame);
  }

  /** A thrown value, in the light of why the call may have been ended. */
  #thrown(frame: CallFrame, thrown: unknown): StepResult {
    if (frame.aborted && thrown === frame.abortReason) return abortedResult(frame);
    return this.failureOf(thrown);
  }

  /** A thrown value as a result, whatever it is. */
  failureOf(thrown: unknown): FailedResult | SkippedResult {
    return StepResult.fromError(thrown);
  }

  /** Routes inside a call that runs already, for an override that falls back to the default. */
  async routeInside(frame: CallFrame, params: unknown): Promise<StepResult> {
    const operation = operationOf(frame.unit, params, true);
    if (operation instanceof FailedResult) return operation;
    let valid = params;
    if (operation.check !== undefined) {
      const checked = operation.check(params);
      if (!checked.ok) return invalidParams(frame.unit.name, operation.name, checked.violations);
      valid = checked.value;
    }
    try {
      return resultOf(await operation.run?.(frame.context, valid));
    } catch (thrown) {
      return this.#thrown(frame, thrown);
    }
  }

  #count(frame: CallFrame, result: StepResult): void {
    const { stats } = frame.operation;
    switch (result.status) {
      case 'ok':
        stats.ok += 1;
        break;
      case 'skipped':
        stats.skipped += 1;
        break;
      case 'uncertain':
        stats.uncertain += 1;
        break;
      case 'failed':
        if (result.errorCategory === 'timeout') stats.timeout += 1;
        else if (result.errorCategory === 'cancelled') stats.cancelled += 1;
        else stats.failed += 1;
    }
    // What the caller did wrong or took back says nothing about the orchestrator's health.
    if (result.status !== 'failed') frame.unit.note(true);
    else if (result.errorCategory !== 'cancelled' && result.errorCategory !== 'validation')
      frame.unit.note(false);
  }

  #tellStart(frame: CallFrame): void {
    const { events, logger } = this.runtime;
    const ids = frame.ids();
    if (logger.isLevelEnabled?.('info') !== false) {
      logger.info('orchestration_started', {
        ...ids,
        type: frame.unit.type,
        ...(frame.params === undefined ? {} : { params: sanitize(frame.params) }),
      });
    }
    events.emit('call.started', ids);
  }

  #tellEnd(frame: CallFrame, result: StepResult): void {
    const { events, logger, clock } = this.runtime;
    const level =
      result.status === 'failed'
        ? result.errorCategory === 'execution' || result.severity === 'high' || result.severity === 'critical'
          ? 'error'
          : 'warn'
        : 'info';
    const written = logger.isLevelEnabled?.(level) !== false;
    if (!written && !events.active) return;
    const durationMs = frame.timing === undefined ? undefined : clock.monotonic() - frame.timing.startedAt;
    const ids = frame.ids();
    if (written) {
      const fields = {
        ...ids,
        type: frame.unit.type,
        success: result.success,
        status: result.status,
        ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs * 1_000) / 1_000 }),
      };
      if (result.status === 'failed') {
        logger[level]('orchestration_failed', {
          ...fields,
          error: sanitize(result.error),
          errorCategory: result.errorCategory,
          retryable: result.retryable,
          ...(result.cause === undefined ? {} : { cause: sanitize(result.cause) }),
        });
      } else {
        const event =
          result.status === 'skipped' && declined.has(frame)
            ? 'orchestrator_cannot_handle'
            : 'orchestration_completed';
        logger.info(event, {
          ...fields,
          ...(result.reason === undefined ? {} : { reason: sanitize(result.reason) }),
        });
      }
    }
    if (events.active)
      events.emit('call.ended', { ...ids, result, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  /** Answers a call that reaches no operation. */
  #refuse(ref: unknown, context: unknown, result: StepResult): Promise<StepResult> {
    const { events, logger } = this.runtime;
    try {
      const orchestrator =
        typeof ref === 'string'
          ? ref.slice(0, 128)
          : typeof ref === 'function'
            ? String(ref.name)
            : typeof ref;
      const ids = OrchestrationContext.isContext(context)
        ? {
            tenantId: OrchestrationContext.stateOf(context).tenantId,
            requestId: OrchestrationContext.stateOf(context).requestId,
          }
        : {};
      if (logger.isLevelEnabled?.('warn') !== false && result.status === 'failed') {
        const event =
          result.errorCategory === 'not_found' ? 'orchestrator_not_found' : 'orchestration_refused';
        logger.warn(event, {
          orchestrator: sanitize(orchestrator),
          ...ids,
          error: sanitize(result.error),
          errorCategory: result.errorCategory,
        });
      }
      events.emit('call.refused', { orchestrator, ...ids, result });
    } catch {
      // What cannot even be named must not turn an answer into a rejection.
    }
    return Promise.resolve(result);
  }
}

const MANUAL = { requireManualDestroy: true };

/** Calls that `canOrchestrate` said no to, and calls that were cleaned up after: rare, so noted beside the frames. */
const declined = new WeakSet<CallFrame>();
const cleanedUp = new WeakSet<CallFrame>();

const nativeThen = Promise.prototype.then;

function answeredAlready(frame: CallFrame): FailedResult {
  return new FailedResult(
    `${frame.unit.name}.${frame.operation.name} was answered already. Call next before the interceptor returns.`,
    { errorCategory: 'cancelled' },
  );
}

function resultOf(value: unknown): StepResult {
  return StepResult.isResult(value) ? value : new OkResult(value);
}

function abortedResult(frame: CallFrame): StepResult {
  return StepResult.fromError(frame.abortReason);
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

/** The operation that params name, else the default one. */
function operationOf(
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

function optionsProblem(options: CallOptions): FailedResult | undefined {
  const refuse = (what: string): FailedResult =>
    new FailedResult(`${what}. Correct the call.`, { errorCategory: 'validation' });
  if (typeof options !== 'object' || options === null) {
    return refuse(`The options of a call must be an object, got ${kindOf(options)}`);
  }
  const { timeoutMs, runId, idempotencyKey } = options;
  if (
    timeoutMs !== undefined &&
    (typeof timeoutMs !== 'number' || !(timeoutMs >= 0) || timeoutMs > 2_147_483_647)
  ) {
    return refuse(
      `options.timeoutMs must be a number of milliseconds from 0 to 2147483647, got ${String(timeoutMs)}`,
    );
  }
  for (const [key, id] of Object.entries({ runId, idempotencyKey })) {
    if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > 512)) {
      return refuse(`options.${key} must be a string of 1 to 512 characters`);
    }
  }
  return undefined;
}
