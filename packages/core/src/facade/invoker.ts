import { currentContext } from '../ambient.js';
import { type ContextState, OrchestrationContext, TRUSTED } from '../context.js';
import { ANOTHER_COPY, isOfAnotherCopy, KEEP_ONE_COPY } from '../copy-mark.js';
import { scopeOf } from '../engine/abort-scope.js';
import type { RunEnvelope } from '../engine/engine.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import { runInside as runInsideScope } from '../watching/watchers.js';
import { attendRun } from './attend-run.js';
import { CallFrame, CallTiming } from './call-frame.js';
import { CallJournal } from './call-journal.js';
import { optionsProblem } from './call-options.js';
import { Execution } from './execution.js';
import { operationOf, runInside } from './inner-route.js';
import { InvocationContext } from './invocation-context.js';
import type { CallOptions } from './references.js';
import {
  cycleRefusal,
  depthRefusal,
  layerRefusal,
  notFound,
  stoppedRefusal,
  unreadable,
} from './refusals.js';
import type { Runtime } from './runtime.js';
import { Settlement } from './settlement.js';
import { linkSignal } from './signal-links.js';

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
  units(): Iterable<OrchestratorUnit>;
}

/** The only path of a call: here it is admitted and put under its limits; then it is executed and settled. */
export class Invoker {
  readonly runtime: Runtime;
  readonly #directory: Directory;
  readonly #journal: CallJournal;
  readonly #settlement: Settlement;
  readonly #execution: Execution;

  constructor(runtime: Runtime, directory: Directory) {
    this.runtime = runtime;
    this.#directory = directory;
    this.#journal = new CallJournal(runtime);
    this.#settlement = new Settlement(runtime, this.#journal);
    this.#execution = new Execution(runtime, this.#settlement, this.#journal);
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
          isOfAnotherCopy(context)
            ? `The context of a call of ${unit.name} ${ANOTHER_COPY} ${KEEP_ONE_COPY}`
            : `The context of a call of ${unit.name} is not an OrchestrationContext. Make one with OrchestrationContext.create({ tenantId }).`,
          { errorCategory: 'validation' },
        ),
      );
    }
    // An operation that passes its own context on makes a call of its own.
    const own = InvocationContext.frameOf(context);
    const base = own === undefined ? this.#inLineage(context) : context.createChildContext(own.unit.name);
    const state = OrchestrationContext.stateOf(base);
    const parent = state.frame as CallFrame | undefined;

    const refusal = this.#admit(unit, state, internal || (parent !== undefined && !parent.over));
    if (refusal !== undefined) return this.#refuse(unit.name, base, refusal);
    const operation = known ?? operationOf(unit, params);
    if (operation instanceof FailedResult) return this.#refuse(unit.name, base, operation);

    let call = options;
    if (options !== undefined) {
      const problem = optionsProblem(options);
      if (problem !== undefined) return this.#refuse(unit.name, base, problem);
    }
    if (operation.durable && parent !== undefined) call = asChildRun(parent, unit, options);
    const isNamed = call !== undefined && (call.runId !== undefined || call.idempotencyKey !== undefined);
    if (isNamed) {
      const attached = unit.runs.attachOrOpen(unit, operation, state, call as CallOptions);
      if (attached !== undefined) return attendRun(attached, unit, operation, base, call as CallOptions);
    }
    const frame = new CallFrame(unit, operation, state, params, call, parent);
    const answer = new Promise<StepResult>(handOver);
    frame.resolve = handedOver;
    frame.answer = answer;
    if (isNamed) unit.runs.opened(frame);
    this.#launch(frame);
    return answer;
  }

  /**
   * The context itself, unless a running operation calls with the context that its own request began with: that call
   * stands in the operation's chain all the same, or it would escape its deadline and the checks for cycles and layers.
   */
  #inLineage(context: OrchestrationContext): OrchestrationContext {
    const current = this.runtime.ambientContext ? currentContext() : undefined;
    if (current === undefined) return context;
    const frame = InvocationContext.frameOf(current);
    const state = OrchestrationContext.stateOf(context);
    if (frame === undefined || frame.over || frame.unit.invoker !== this || state.chain !== undefined) {
      return context;
    }
    const { tenantId, requestId, chain, depth } = frame.state;
    if (state.tenantId !== tenantId || state.requestId !== requestId) return context;
    const link = { name: frame.unit.name, before: chain };
    return new OrchestrationContext({ ...state, chain: link, depth: depth + 1, frame }, TRUSTED);
  }

  #launch(frame: CallFrame): void {
    try {
      this.#begin(frame);
    } catch (thrown) {
      this.settle(frame, StepResult.fromError(thrown));
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
    frame.runOnEngine(verbs);
    const answer = new Promise<StepResult>(handOver);
    frame.resolve = handedOver;
    frame.answer = answer;
    this.#launch(frame);
    return answer;
  }

  #admit(unit: OrchestratorUnit, state: ContextState, ofRunningWork: boolean): FailedResult | undefined {
    const { runtime } = this;
    if (
      runtime.admission !== 'open' &&
      !(runtime.admission === 'draining' && (ofRunningWork || this.#isInRunningWork()))
    ) {
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

  /** Whether the running code is part of a call, batch, task or drain hook of this facade that may end its work. */
  #isInRunningWork(): boolean {
    if (this.runtime.ownWork.isCurrent) return true;
    const current = currentContext();
    if (current === undefined) return false;
    const frame = InvocationContext.frameOf(current);
    if (frame !== undefined && !frame.over && frame.unit.invoker === this) return true;
    for (const unit of this.#directory.units()) {
      if (unit.lifecycle.workers?.worksIn(current) === true) return true;
    }
    return false;
  }

  /** Puts the frame under its deadline and signals, then runs it. */
  #begin(frame: CallFrame): void {
    const { runtime } = this;
    const { operation, state, parent } = frame;
    runtime.enter(frame);
    operation.stats.started += 1;
    const { watchers } = runtime.interceptors;
    if (watchers.calls) frame.scope = watchers.call(frame);
    const observed = runtime.events.active || runtime.logger.isLevelEnabled?.('info') !== false;
    if (observed) this.#journal.started(frame);
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
    const { scope } = frame;
    if (scope?.run === undefined) this.#execution.run(frame);
    else runInsideScope(scope, () => this.#execution.run(frame));
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

  /** Routes inside a call that runs already, for an override that falls back to the default. */
  routeInside(frame: CallFrame, params: unknown): Promise<StepResult> {
    const operation = operationOf(frame.unit, params, true);
    return operation instanceof FailedResult
      ? Promise.resolve(operation)
      : runInside(frame, operation, params);
  }

  #refuse(ref: unknown, context: unknown, result: StepResult): Promise<StepResult> {
    this.#journal.refused(ref, context, result);
    return Promise.resolve(result);
  }

  /** Answers the caller, once. */
  settle(frame: CallFrame, answer: StepResult): void {
    this.#settlement.settle(frame, answer);
  }
}

/** The options of a durable call that a run on an engine makes: repeated, the run attaches to the child it has begun. */
function asChildRun(
  parent: CallFrame,
  unit: OrchestratorUnit,
  options: CallOptions | undefined,
): CallOptions | undefined {
  if (options?.runId !== undefined || options?.idempotencyKey !== undefined) return options;
  const runId = parent.nextChildRunId(unit.name);
  return runId === undefined ? options : { ...options, runId };
}
