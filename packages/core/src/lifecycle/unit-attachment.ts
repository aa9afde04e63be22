import { ambientLogger } from '../ambient.js';
import type { OrchestrationContext } from '../context.js';
import type { CallFrame } from '../facade/call-frame.js';
import { InvocationContext } from '../facade/invocation-context.js';
import type { CallOptions } from '../facade/references.js';
import type { Runtime } from '../facade/runtime.js';
import type { Logger } from '../logging/logger.js';
import type { Attachment } from '../orchestrator/attachment.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { SignalQueue } from '../queues/signal-queue.js';
import { FailedResult, type StepResult } from '../step-result.js';
import { noSuchQueue, type UnitWorkers } from './unit-workers.js';

/** What an instance reaches of the facade that runs it. */
export class UnitAttachment implements Attachment {
  readonly #unit: OrchestratorUnit;
  readonly #runtime: Runtime;
  readonly #workers: UnitWorkers | undefined;
  #logger: Logger | undefined;

  constructor(unit: OrchestratorUnit, runtime: Runtime, workers: UnitWorkers | undefined) {
    this.#unit = unit;
    this.#runtime = runtime;
    this.#workers = workers;
  }

  get name(): string {
    return this.#unit.name;
  }

  /** Made when somebody logs: most orchestrators leave that to the framework. */
  get logger(): Logger {
    const { name: orchestrator, layer } = this.#unit;
    return (this.#logger ??= ambientLogger(this.#runtime.logger.child({ orchestrator, layer })));
  }

  queue(name: string): SignalQueue<unknown> {
    if (this.#workers === undefined) throw noSuchQueue(this.#unit.name, name, '');
    return this.#workers.queue(name);
  }

  orchestrate(context: OrchestrationContext, params: unknown): Promise<StepResult> {
    return this.#unit.invoker.invoke(this.#unit, undefined, context, params, undefined, false);
  }

  route(context: OrchestrationContext, params: unknown): Promise<StepResult> | undefined {
    const frame = this.#frameOf(context);
    return frame === undefined ? undefined : this.#unit.invoker.routeInside(frame, params);
  }

  delegate(
    ref: unknown,
    context: OrchestrationContext,
    params: unknown,
    options?: CallOptions,
  ): Promise<StepResult> {
    const { name, invoker } = this.#unit;
    let child: OrchestrationContext;
    try {
      // A context of this call knows its place; any other becomes a child of it here.
      child = this.#frameOf(context) === undefined ? context.createChildContext(name) : context;
    } catch (cause) {
      return Promise.resolve(
        new FailedResult(
          `${name} delegates with something that is not a context. Pass the context of the call.`,
          { errorCategory: 'validation', cause },
        ),
      );
    }
    return invoker.dispatch(ref, child, params, options);
  }

  logsCall(context: OrchestrationContext): boolean {
    return this.#frameOf(context) !== undefined;
  }

  #frameOf(context: OrchestrationContext): CallFrame | undefined {
    try {
      const frame = InvocationContext.frameOf(context);
      return frame?.unit === this.#unit ? frame : undefined;
    } catch {
      return undefined;
    }
  }
}
