import type { OrchestrationContext } from '../context.js';
import type { CallOptions } from '../facade/references.js';
import type { Logger } from '../logging/logger.js';
import type { SignalQueue } from '../queues/signal-queue.js';
import type { StepResult } from '../step-result.js';

/** What an enrolled orchestrator reaches of the facade that runs it. */
export interface Attachment {
  readonly name: string;
  readonly logger: Logger;
  queue(name: string): SignalQueue<unknown>;
  orchestrate(context: OrchestrationContext, params: unknown): Promise<StepResult>;
  /** Routes inside a call that is already running, for an override that falls back to the default. */
  route(context: OrchestrationContext, params: unknown): Promise<StepResult> | undefined;
  delegate(
    ref: unknown,
    context: OrchestrationContext,
    params: unknown,
    options?: CallOptions,
  ): Promise<StepResult>;
  /** Whether the invoker writes the start and end of this context's call itself. */
  logsCall(context: OrchestrationContext): boolean;
}

const attachments = new WeakMap<object, Attachment>();

export function attach(orchestrator: object, attachment: Attachment): void {
  attachments.set(orchestrator, attachment);
}

export function detach(orchestrator: object): void {
  attachments.delete(orchestrator);
}

export function attachmentOf(orchestrator: object): Attachment | undefined {
  return attachments.get(orchestrator);
}
