import {
  type ChildContextOverrides,
  type ContextState,
  childState,
  OrchestrationContext,
  TRUSTED,
} from '../context.js';
import { scopeOf } from '../engine/abort-scope.js';
import { InProcessVerbs } from '../engine/in-process-verbs.js';
import { runParallel } from '../engine/parallel.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import type { Step, StepOptions } from '../engine/verbs.js';
import { OperationContext, type ParallelOptions } from '../operation-context.js';
import { StepResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import type { CallOptions } from './references.js';
import { unreadable } from './refusals.js';

/** The operation context of a call that runs. */
export class InvocationContext extends OperationContext {
  constructor(state: ContextState, frame: CallFrame) {
    super(state, TRUSTED, frame);
    // 40 ns of each call: whoever receives it, in whatever language, cannot put another tenant into it.
    Object.freeze(this);
  }

  /** The running call behind a context, where it is one of these. */
  static frameOf(context: OrchestrationContext): CallFrame | undefined {
    return OrchestrationContext.callOf(context) as CallFrame | undefined;
  }

  override get deadline(): number | undefined {
    return frameOf(this).deadline;
  }

  override get signal(): AbortSignal {
    return scopeOf(frameOf(this)).signal;
  }

  get orchestrator(): string {
    return frameOf(this).unit.name;
  }

  get operation(): string {
    return frameOf(this).operation.name;
  }

  get runId(): string {
    return frameOf(this).runId;
  }

  override createChildContext(parentName: string, overrides?: ChildContextOverrides): OrchestrationContext {
    const frame = frameOf(this);
    return new OrchestrationContext(childState(frame.state, parentName, overrides, frame), TRUSTED);
  }

  step<T>(name: string, fn: (step: Step) => T, options?: StepOptions<never>): Promise<never> {
    return tended(
      verbsOf(this).step(
        name,
        fn as (step: Step) => unknown,
        options as StepOptions<unknown>,
      ) as Promise<never>,
    );
  }

  call(ref: unknown, params?: unknown, options?: CallOptions & ChildContextOverrides): Promise<never> {
    const { name, invoker } = frameOf(this).unit;
    // What is no options is refused where calls are; taking a long string apart would take a while.
    if (options === undefined || typeof options !== 'object') {
      return invoker.dispatch(ref, this.createChildContext(name), params, options) as Promise<never>;
    }
    try {
      const { tenantId, metadata, traceId, deadline, signal, principal, ...callOptions } = options;
      const overrides = Object.fromEntries(
        Object.entries({ tenantId, metadata, traceId, deadline, signal, principal }).filter(
          ([, value]) => value !== undefined,
        ),
      ) as ChildContextOverrides;
      const child = this.createChildContext(
        name,
        Object.keys(overrides).length === 0 ? undefined : overrides,
      );
      return invoker.dispatch(ref, child, params, callOptions) as Promise<never>;
    } catch (thrown) {
      return Promise.resolve(unreadable(`The call of an orchestrator by ${name}`, thrown)) as Promise<never>;
    }
  }

  callOrThrow(ref: unknown, params?: unknown, options?: CallOptions & ChildContextOverrides): Promise<never> {
    return tended(
      (this.call(ref, params, options) as Promise<StepResult>).then(StepResult.unwrap) as Promise<never>,
    );
  }

  parallel(branches: Readonly<Record<string, () => unknown>>, options?: ParallelOptions): Promise<never> {
    return tended(runParallel(frameOf(this), branches, options) as Promise<never>);
  }

  sleep(ms: number): Promise<void> {
    return tended(verbsOf(this).sleep(ms));
  }

  now(): number {
    return verbsOf(this).now();
  }

  random(): number {
    return verbsOf(this).random();
  }

  waitForEvent<T>(name: string, options?: { readonly timeoutMs?: number }): Promise<StepResult<T>> {
    return tended(verbsOf(this).waitForEvent(name, options?.timeoutMs) as Promise<StepResult<T>>);
  }

  progress(ratio: number, message?: string): void {
    const frame = frameOf(this);
    const bounded = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : 0;
    frame.unit.runs.progress(frame, bounded, message);
    const { events } = frame.runtime;
    if (events.active) {
      events.emit('run.progress', {
        ...frame.ids(),
        ratio: bounded,
        ...(message === undefined ? {} : { message }),
      });
    }
  }
}

// Functions, not private accessors: those mark each instance when it is made, and one is made per call.
function frameOf(context: InvocationContext): CallFrame {
  return OrchestrationContext.callOf(context) as CallFrame;
}

function verbsOf(context: InvocationContext): RunVerbs {
  const frame = frameOf(context);
  return (frame.verbs ??= new InProcessVerbs(frame));
}

/**
 * A promise whose rejection nobody has to see. An abort rejects every verb in flight, also those that an operation
 * meant to await later and now never will; without this the cancellation of one call would end the process.
 */
function tended<P extends Promise<unknown>>(promise: P): P {
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
