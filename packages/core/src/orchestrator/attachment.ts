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

/** Has the attachment of one instance, made when somebody asks: most instances leave all of that to the framework. */
export interface AttachmentHolder {
  readonly attachment: Attachment;
}

const holders = new WeakMap<object, AttachmentHolder>();

export function attach(orchestrator: object, holder: AttachmentHolder): void {
  holders.set(orchestrator, holder);
}

export function detach(orchestrator: object): void {
  holders.delete(orchestrator);
}

export function attachmentOf(orchestrator: object): Attachment | undefined {
  return holders.get(orchestrator)?.attachment;
}
