import { currentContext } from '../ambient.js';
import { type ContextState, OrchestrationContext, TRUSTED } from '../context.js';
import type { RunEnvelope } from '../engine/engine.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import { runInside as runInsideScope } from '../watching/watchers.js';
import { attendRun } from './attend-run.js';
import { CallFrame } from './call-frame.js';
import { CallLimits } from './call-limits.js';
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
  noContext,
  notFound,
  stoppedRefusal,
  unreadable,
} from './refusals.js';
import type { Runtime } from './runtime.js';
import { Settlement } from './settlement.js';

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
  readonly #limits: CallLimits;

  constructor(runtime: Runtime, directory: Directory) {
    this.runtime = runtime;
    this.#directory = directory;
    this.#journal = new CallJournal(runtime);
    this.#settlement = new Settlement(runtime, this.#journal);
    this.#execution = new Execution(runtime, this.#settlement, this.#journal);
    this.#limits = new CallLimits(runtime, this.#settlement);
  }

  /** Never throws and never rejects. `internal`: made by an orchestrator of this facade, which may finish its work. */
  dispatch(
    ref: unknown,
    context: unknown,
    params: unknown,
    options?: CallOptions,
    internal = true,
  ): Promise<StepResult> {
    let unit: OrchestratorUnit | undefined;
    try {
      unit = this.#directory.find(ref);
      return unit === undefined
        ? this.#refuseUnknown(ref, context)
        : this.#invoke(unit, undefined, context, params, options, internal);
    } catch (thrown) {
      return this.#refuseUnreadable(unit, ref, context, thrown);
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
      return this.#refuseUnreadable(unit, unit.name, context, thrown);
    }
  }

  // The compiler puts a bounded amount of code into one piece, and what does not fit is called: whatever few calls need
  // stands in functions of its own.
  #invoke(
    unit: OrchestratorUnit,
    known: CompiledOperation | undefined,
    context: unknown,
    params: unknown,
    options: CallOptions | undefined,
    internal: boolean,
  ): Promise<StepResult> {
    if (!OrchestrationContext.isContext(context)) return this.#refuseContext(unit, context);
    const base =
      OrchestrationContext.callOf(context) === undefined &&
      (!this.runtime.ambientContext || currentContext() === undefined)
        ? context
        : this.#inLineage(context);
    const state = OrchestrationContext.stateOf(base);
    if (this.runtime.admission !== 'open' || state.chain !== undefined) {
      const refusal = this.#admit(unit, state, internal);
      if (refusal !== undefined) return this.#refuse(unit.name, base, refusal);
    }
    const operation = known ?? operationOf(unit, params);
    if (operation instanceof FailedResult) return this.#refuse(unit.name, base, operation);
    return options === undefined && (!operation.durable || state.frame === undefined)
      ? this.#answer(new CallFrame(unit, operation, state, params, undefined))
      : this.#invokeWith(unit, operation, base, params, options);
  }

  /** A call with options of its own, or one that an engine may know as a run. */
  #invokeWith(
    unit: OrchestratorUnit,
    operation: CompiledOperation,
    base: OrchestrationContext,
    params: unknown,
    options: CallOptions | undefined,
  ): Promise<StepResult> {
    const problem = options === undefined ? undefined : optionsProblem(options);
    if (problem !== undefined) return this.#refuse(unit.name, base, problem);
    const state = OrchestrationContext.stateOf(base);
    const parent = state.frame as CallFrame | undefined;
    const call = operation.durable && parent !== undefined ? asChildRun(parent, unit, options) : options;
    if (call?.runId === undefined && call?.idempotencyKey === undefined) {
      return this.#answer(new CallFrame(unit, operation, state, params, call));
    }
    const attached = unit.runs.attachOrOpen(unit, operation, state, call);
    if (attached !== undefined) return attendRun(attached, unit, operation, base, call);
    const frame = new CallFrame(unit, operation, state, params, call);
    return this.#answer(frame, true);
  }

  /** The promise of a call's answer; begins the call. */
  #answer(frame: CallFrame, isNamed = false): Promise<StepResult> {
    const answer = new Promise<StepResult>(handOver);
    frame.resolve = handedOver;
    frame.answer = answer;
    if (isNamed) frame.unit.runs.opened(frame);
    try {
      this.#begin(frame);
    } catch (thrown) {
      this.settle(frame, StepResult.fromError(thrown));
    }
    return answer;
  }

  /**
   * The context that a call made with `context` begins with: of an operation that passes its own on, a child of it; of one
   * that passes on what its request began with, one in its chain all the same, or the call would escape its deadline and
   * the checks for cycles and layers.
   */
  #inLineage(context: OrchestrationContext): OrchestrationContext {
    const own = InvocationContext.frameOf(context);
    if (own !== undefined) return context.createChildContext(own.unit.name);
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
    const frame = new CallFrame(unit, operation, state, envelope.params, { runId: envelope.runId });
    frame.runOnEngine(verbs);
    return this.#answer(frame);
  }

  #admit(unit: OrchestratorUnit, state: ContextState, internal: boolean): FailedResult | undefined {
    const { runtime } = this;
    const parent = state.frame as CallFrame | undefined;
    const ofRunningWork = internal || (parent !== undefined && !parent.over);
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
    const { operation, state } = frame;
    runtime.enter(frame);
    operation.stats.started += 1;
    const observed = runtime.observed;
    const timeoutMs = frame.options.timeoutMs ?? operation.timeoutMs;
    const linked = state.frame !== undefined || state.sources.length > 0;
    if (observed || timeoutMs !== undefined || state.deadline !== undefined || linked) {
      this.#limits.time(frame, timeoutMs, observed);
    }
    if (runtime.interceptors.watchers.calls) frame.scope = runtime.interceptors.watchers.call(frame);
    if (observed) this.#journal.started(frame);
    // Whoever heard of it may have cancelled it: an answered call is put under no limit that would outlive it.
    if (frame.settled) return;
    const { timing, scope } = frame;
    if (timing !== undefined && timing.expiresAt !== Infinity && !this.#limits.limit(frame, timing)) return;
    if (linked) this.#limits.link(frame);
    if (frame.settled) return;
    if (scope?.run === undefined) this.#execution.run(frame);
    else runInsideScope(scope, () => this.#execution.run(frame));
  }

  /** Routes inside a call that runs already, for an override that falls back to the default. */
  routeInside(frame: CallFrame, params: unknown): Promise<StepResult> {
    const operation = operationOf(frame.unit, params, true);
    return operation instanceof FailedResult
      ? Promise.resolve(operation)
      : runInside(frame, operation, params);
  }

  #refuseUnknown(ref: unknown, context: unknown): Promise<StepResult> {
    return this.#refuse(ref, context, notFound(ref, this.#directory.names()));
  }

  #refuseUnreadable(
    unit: OrchestratorUnit | undefined,
    ref: unknown,
    context: unknown,
    thrown: unknown,
  ): Promise<StepResult> {
    return unit === undefined
      ? this.#refuse(ref, context, unreadable('The reference to an orchestrator', thrown))
      : this.#refuse(unit.name, context, unreadable(`The call of ${unit.name}`, thrown));
  }

  #refuseContext(unit: OrchestratorUnit, context: unknown): Promise<StepResult> {
    return this.#refuse(unit.name, undefined, noContext(unit, context));
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
