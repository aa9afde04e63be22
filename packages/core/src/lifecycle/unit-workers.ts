import { currentContext } from '../ambient.js';
import type { OrchestrationContext } from '../context.js';
import { attemptsOf, mayRetry, pauseAfter } from '../engine/step-retry.js';
import type { StepRetry } from '../engine/verbs.js';
import { OrchestrationError } from '../errors.js';
import type { Runtime } from '../facade/runtime.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { BoundedQueue } from '../queues/bounded-queue.js';
import { type FailedBatch, QueueConsumer } from '../queues/queue-consumer.js';
import type { SignalQueue } from '../queues/signal-queue.js';
import { logId } from '../logging/log-id.js';
import { sanitize } from '../logging/redact.js';
import { type FailedResult, type SkippedResult, StepResult } from '../step-result.js';
import { BackgroundTask } from '../tasks/background-task.js';
import { runWatched } from '../watching/watchers.js';

/** A queue, and how many of its items a consumer has worked off or failed. */
export interface ConsumedQueue {
  readonly queue: SignalQueue<unknown>;
  readonly processed: number;
  readonly failed: number;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The background tasks and queues of one instance. */
export class UnitWorkers {
  readonly #queues = new Map<
    string,
    { readonly queue: BoundedQueue<unknown>; readonly consumer: QueueConsumer<unknown> }
  >();
  readonly #tasks: BackgroundTask[] = [];
  readonly #unit: OrchestratorUnit;
  readonly #runtime: Runtime;

  constructor(
    unit: OrchestratorUnit,
    runtime: Runtime,
    instance: OrchestratorProtocol,
    gaveUp: (task: string, then: 'degrade' | 'stop-host') => void,
  ) {
    this.#unit = unit;
    this.#runtime = runtime;
    const methodOf = (name: string): Method =>
      (instance as unknown as Record<string, Method>)[name] as Method;
    for (const [method, options] of unit.definition?.consumes ?? []) {
      const body = methodOf(method);
      // Items that were offered outside of any call have no context that tells whose work this is.
      const run = (items: unknown[], signal: AbortSignal): unknown =>
        currentContext() === undefined
          ? runtime.ownWork.run(() => body.call(instance, items, signal))
          : body.call(instance, items, signal);
      const queue = new BoundedQueue<unknown>({
        name: options.queue,
        ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
        ...(options.overflow === undefined ? {} : { overflow: options.overflow }),
        onRefused: (depth, context) => {
          this.#tellLoss('queue.refused', options.queue, depth, context?.tenantId);
        },
        onDropped: (depth, context) => {
          this.#tellLoss('queue.dropped', options.queue, depth, context?.tenantId);
        },
      });
      const consumer = new QueueConsumer<unknown>({
        queue,
        clock: runtime.clock,
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
        ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
        handler: (items, signal) => {
          const { watchers } = runtime.interceptors;
          if (!watchers.batches) return run(items, signal);
          const { name: orchestrator, layer } = unit;
          const batch = { orchestrator, layer, queue: options.queue, items: items.length };
          const scope = watchers.batch({ ...batch, context: currentContext() });
          return runWatched(scope, () => run(items, signal));
        },
        ...(options.retry === undefined
          ? {}
          : { retry: (failure) => this.#pauseAfter(options.queue, options.retry as StepRetry, failure) }),
        onDone: () => {
          unit.note(true);
        },
        onFailed: (error, items, context) => {
          this.#tellFailed(options.queue, error, items, context?.tenantId);
        },
      });
      this.#queues.set(options.queue, { queue, consumer });
    }
    for (const [method, options] of unit.definition?.background ?? []) {
      const body = methodOf(method);
      const run = (signal: AbortSignal): unknown => runtime.ownWork.run(() => body.call(instance, signal));
      const { name: orchestrator, layer } = unit;
      this.#tasks.push(
        new BackgroundTask({
          name: method,
          options,
          clock: runtime.clock,
          random: runtime.random,
          run: (signal) => {
            const { watchers } = runtime.interceptors;
            if (!watchers.tasks) return run(signal);
            return runWatched(watchers.task({ orchestrator, layer, task: method }), () => run(signal));
          },
          onEnded: (durationMs) => {
            runtime.events.emit('task.ended', { orchestrator, layer, task: method, durationMs });
          },
          onFailed: (thrown, restarts, delayMs) => {
            const error = messageOf(StepResult.fromError(thrown));
            runtime.logger.error('background_task_failed', {
              orchestrator,
              layer,
              task: method,
              error,
              restarts,
              delayMs,
            });
            runtime.events.emit('task.failed', {
              orchestrator,
              layer,
              task: method,
              error,
              restarts,
              delayMs,
            });
          },
          onGaveUp: (thrown, then) => {
            const error = messageOf(StepResult.fromError(thrown));
            runtime.logger.error('background_task_gave_up', {
              orchestrator,
              layer,
              task: method,
              error,
              then,
            });
            runtime.events.emit('task.gave_up', { orchestrator, layer, task: method, error, then });
            gaveUp(method, then);
          },
        }),
      );
    }
  }

  get hasTasks(): boolean {
    return this.#tasks.length > 0;
  }

  get hasQueues(): boolean {
    return this.#queues.size > 0;
  }

  get tasks(): readonly BackgroundTask[] {
    return this.#tasks;
  }

  get queues(): readonly SignalQueue<unknown>[] {
    return [...this.#queues.values()].map((each) => each.queue);
  }

  /** Its queues with what became of their items since it started. */
  get consumed(): readonly ConsumedQueue[] {
    return [...this.#queues.values()].map(({ queue, consumer: { processed, failed } }) => ({
      queue,
      processed,
      failed,
    }));
  }

  /** Batches in work. */
  get busy(): number {
    let busy = 0;
    for (const { consumer } of this.#queues.values()) busy += consumer.running;
    return busy;
  }

  queue(name: string): SignalQueue<unknown> {
    const entry = this.#queues.get(name);
    if (entry !== undefined) return entry.queue;
    const known = [...this.#queues.keys()].map((each) => `"${each}"`).join(', ');
    throw noSuchQueue(this.#unit.name, name, known);
  }

  start(): void {
    for (const { consumer } of this.#queues.values()) consumer.start();
    for (const task of this.#tasks) task.start();
  }

  async stopTasks(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.stop()));
  }

  /** Whether nothing waits in its queues and no batch is in work. */
  get isIdle(): boolean {
    for (const { consumer } of this.#queues.values()) if (!consumer.isIdle) return false;
    return true;
  }

  /** Resolves, perhaps never, when each of its queues has been idle once. */
  async whenIdle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ consumer }) => consumer.whenIdle()));
  }

  /** Whether a batch is in work that is handled in `context`. */
  worksIn(context: OrchestrationContext): boolean {
    for (const { consumer } of this.#queues.values()) if (consumer.worksIn(context)) return true;
    return false;
  }

  /** Works the queues off until they are empty or `signal` fires. */
  async drainQueues(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ consumer }) => consumer.drain(signal)));
  }

  /** Aborts the batches in work. Resolves with the names of the queues whose batches go on for `graceMs` all the same. */
  async endConsumers(reason: unknown, graceMs: number): Promise<string[]> {
    const ended = await Promise.all(
      [...this.#queues].map(async ([name, { consumer }]) => {
        consumer.abort(reason);
        await consumer.stop({ deadlineMs: graceMs });
        return consumer.running === 0 ? undefined : name;
      }),
    );
    return ended.filter((name) => name !== undefined);
  }

  /** Closes the queues and counts what nobody will take, nor take again. */
  giveUpQueues(): number {
    let left = 0;
    for (const { queue, consumer } of this.#queues.values()) {
      queue.close();
      consumer.abort(new DOMException(`Queue "${queue.name}" is closed.`, 'AbortError'));
      void consumer.stop();
      left += queue.drainRemaining() + consumer.takeCutShort();
    }
    return left;
  }

  /** Ends everything at once. */
  abort(): void {
    for (const task of this.#tasks) void task.stop();
    this.giveUpQueues();
  }

  #tellLoss(
    type: 'queue.refused' | 'queue.dropped',
    queue: string,
    depth: number,
    tenantId: string | undefined,
  ): void {
    const { events } = this.#runtime;
    if (!events.hears(type)) return;
    const { name: orchestrator, layer } = this.#unit;
    events.emit(type, { orchestrator, layer, queue, depth, ...(tenantId === undefined ? {} : { tenantId }) });
  }

  /** How long to wait before a batch is handed over again; `undefined` where it is not. */
  #pauseAfter(
    queue: string,
    retry: StepRetry,
    { error: cause, thrown, items, context, attempt }: FailedBatch,
  ): number | undefined {
    const failure = StepResult.fromError(cause);
    if (failure.status !== 'failed' || attempt >= attemptsOf(retry) || !mayRetry(retry, failure, thrown)) {
      return undefined;
    }
    const { random, logger, events } = this.#runtime;
    const delayMs = pauseAfter(retry, attempt, failure.retryAfterMs, random);
    const { name: orchestrator, layer } = this.#unit;
    const tenantId = context?.tenantId;
    const data = { orchestrator, layer, queue, items, attempt, delayMs, error: messageOf(failure) };
    logger.warn('queue_consumer_retrying', {
      ...data,
      ...(tenantId === undefined ? {} : { tenantId: logId(tenantId) }),
    });
    events.emit('queue.retrying', { ...data, ...(tenantId === undefined ? {} : { tenantId }) });
    return delayMs;
  }

  #tellFailed(queue: string, thrown: unknown, items: number, tenantId: string | undefined): void {
    const { name: orchestrator, layer } = this.#unit;
    const failure = StepResult.fromError(thrown);
    // As with calls: what was taken back says nothing of who should have done it.
    if (failure.status === 'failed' && failure.errorCategory !== 'cancelled') this.#unit.note(false);
    const error = messageOf(failure);
    const data = {
      orchestrator,
      layer,
      queue,
      items,
      error,
      ...(tenantId === undefined ? {} : { tenantId }),
    };
    this.#runtime.logger.error('queue_consumer_failed', {
      ...data,
      ...(tenantId === undefined ? {} : { tenantId: logId(tenantId) }),
    });
    this.#runtime.events.emit('queue.failed', data);
  }
}

/** Misuse: a queue that the class does not declare. */
export function noSuchQueue(orchestrator: string, name: unknown, known: string): OrchestrationError {
  return new OrchestrationError('OPTION_INVALID', `${orchestrator} has no queue "${String(name)}".`, {
    fix:
      known === ''
        ? 'Declare it with @consumes({ queue }) on the method that reads it.'
        : `Use one of ${known}, or declare it with @consumes.`,
  });
}

function messageOf(failure: FailedResult | SkippedResult): string {
  return String(sanitize(failure.status === 'failed' ? failure.error : failure.reason));
}
