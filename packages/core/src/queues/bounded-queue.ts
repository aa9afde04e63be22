import { randomUUID } from 'node:crypto';

import { currentContext } from '../ambient.js';
import { checkCount } from '../clock/clock.js';
import { OrchestrationContext } from '../context.js';
import type { QueueOptions, QueueOverflow } from '../orchestrator/options.js';
import { type FailedResult, StepResult } from '../step-result.js';
import { EntryRing } from './entry-ring.js';
import { PutLine } from './put-line.js';
import type { SignalQueue } from './signal-queue.js';

/** Called after an item was lost: items that wait now, and the context the lost item was offered in. */
export type QueueLossHook = (depth: number, context: OrchestrationContext | undefined) => void;

export interface BoundedQueueOptions extends QueueOptions {
  readonly name: string;
  /** For each item that is not taken in, an aborted put included. What it throws is ignored. */
  readonly onRefused?: QueueLossHook;
  /** For each item given up for a newer one. What it throws is ignored. */
  readonly onDropped?: QueueLossHook;
}

/** Items of one tenant that followed each other in the queue. */
export interface QueueBatch<T> {
  /** In the order they were offered; at least one; the taker's own. */
  readonly items: T[];
  /** What to handle them in; `undefined` where they were offered outside of any call. */
  readonly context: OrchestrationContext | undefined;
}

type Depth = { readonly depth: number };

const OVERFLOWS: readonly QueueOverflow[] = ['reject', 'drop-oldest', 'block'];

/**
 * A bounded queue that remembers in which call each item was offered.
 *
 * Nothing is lost uncounted: `offered = taken + depth + dropped + refused + undelivered`, at every moment; a put
 * that waits is counted when it is settled. Puts that wait are served in order, and a place that gets free goes to
 * the first of them at once: while one waits the queue is full, so no newcomer can overtake.
 */
export class BoundedQueue<T> implements SignalQueue<T> {
  readonly name: string;
  readonly capacity: number;
  readonly overflow: QueueOverflow;
  readonly #onRefused: QueueLossHook | undefined;
  readonly #onDropped: QueueLossHook | undefined;
  readonly #entries = new EntryRing<T>();
  readonly #line = new PutLine<T>();
  #listeners: readonly (() => void)[] = [];
  #closed = false;
  #offered = 0;
  #taken = 0;
  #dropped = 0;
  #refused = 0;
  #undelivered = 0;

  /** @throws RangeError for a capacity or overflow that is none. */
  constructor(options: BoundedQueueOptions) {
    const { name, capacity = 1_000, overflow = 'reject' } = options;
    if (!OVERFLOWS.includes(overflow)) {
      throw new RangeError(
        `overflow of queue "${name}" must be one of ${OVERFLOWS.join(', ')}, got ${String(overflow)}`,
      );
    }
    this.name = name;
    this.capacity = checkCount(`capacity of queue "${name}"`, capacity);
    this.overflow = overflow;
    this.#onRefused = options.onRefused;
    this.#onDropped = options.onDropped;
  }

  get depth(): number {
    return this.#entries.size;
  }

  /** Items that offers and settled puts brought, whatever became of them. */
  get offered(): number {
    return this.#offered;
  }

  /** Items handed out in batches. */
  get taken(): number {
    return this.#taken;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Items that {@link drainRemaining} removed. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** Puts that wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  offer(item: T): StepResult<Depth> {
    const context = currentContext();
    if (this.#closed) return this.#refuse(context, this.#closedFailure());
    if (this.#entries.size < this.capacity) {
      this.#offered += 1;
      return StepResult.ok({ depth: this.#add(item, context) });
    }
    if (this.overflow !== 'drop-oldest') {
      return this.#refuse(context, this.#fullFailure());
    }
    const lostContext = this.#entries.headContext();
    this.#entries.shift();
    this.#dropped += 1;
    this.#offered += 1;
    const depth = this.#add(item, context);
    this.#tell(this.#onDropped, lostContext);
    return StepResult.ok({ depth });
  }

  /**
   * As {@link offer}, and with overflow 'block' waits for room. Never rejects: `cancelled` once the signal fires,
   * `service_unavailable` where the queue is closed, also while it waits.
   */
  put(item: T, options?: { readonly signal?: AbortSignal }): Promise<StepResult<Depth>> {
    const signal = options?.signal;
    if (signal?.aborted === true) {
      return Promise.resolve(this.#refuse(currentContext(), this.#cancelledFailure(signal)));
    }
    if (this.overflow !== 'block' || this.#closed || this.#entries.size < this.capacity) {
      return Promise.resolve(this.offer(item));
    }
    const context = currentContext();
    return new Promise((resolve) => {
      const settle = (outcome: 'admitted' | 'aborted' | 'closed'): void => {
        if (outcome === 'admitted') resolve(StepResult.ok({ depth: this.#entries.size }));
        else if (outcome === 'closed') resolve(this.#refuse(context, this.#closedFailure()));
        else resolve(this.#refuse(context, this.#cancelledFailure(signal)));
      };
      this.#line.join({ item, context, signal, settle, before: undefined, behind: undefined });
    });
  }

  /**
   * The oldest item, and those right behind it that are of the same tenant, up to `max`; the order of the queue as
   * a whole is kept. `undefined` where nothing waits. Works on a closed queue.
   */
  takeBatch(max: number): QueueBatch<T> | undefined {
    if (this.#entries.size === 0) return undefined;
    const first = this.#entries.headContext();
    const items = [this.#entries.shift()];
    let oneCall = true;
    while (items.length < max && this.#entries.size > 0) {
      const context = this.#entries.headContext();
      if (context !== first) {
        if (tenantOf(context) !== tenantOf(first)) break;
        oneCall = false;
      }
      items.push(this.#entries.shift());
    }
    this.#taken += items.length;
    this.#admit();
    return { items, context: oneCall ? first : batchContext(first) };
  }

  /** From now on everything offered fails with `service_unavailable`, and so do the puts that wait. What waits stays. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let put = this.#line.takeFirst(); put !== undefined; put = this.#line.takeFirst()) {
      put.settle('closed');
    }
  }

  /** Removes what waits and returns how many items that were. On an open queue the waiting puts then move up. */
  drainRemaining(): number {
    const count = this.#entries.size;
    this.#entries.clear();
    this.#undelivered += count;
    this.#admit();
    return count;
  }

  /** @internal Calls `listener`, which must be quick and not throw, whenever an item came in. Returns its end. */
  onItem(listener: () => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Places an item for which there is room. */
  #add(item: T, context: OrchestrationContext | undefined): number {
    this.#entries.push(item, context);
    const depth = this.#entries.size;
    for (const listener of this.#listeners) listener();
    return depth;
  }

  #admit(): void {
    while (this.#entries.size < this.capacity) {
      const put = this.#line.takeFirst();
      if (put === undefined) return;
      this.#offered += 1;
      this.#add(put.item, put.context);
      put.settle('admitted');
    }
  }

  #refuse(context: OrchestrationContext | undefined, failure: FailedResult): FailedResult {
    this.#offered += 1;
    this.#refused += 1;
    this.#tell(this.#onRefused, context);
    return failure;
  }

  #tell(hook: QueueLossHook | undefined, context: OrchestrationContext | undefined): void {
    try {
      hook?.(this.#entries.size, context);
    } catch {
      // Whoever watches a queue must not change what its producers see.
    }
  }

  #fullFailure(): FailedResult {
    return StepResult.fail(
      `Queue "${this.name}" is full: ${this.capacity} items wait. Offer the item again later, or raise the capacity.`,
      { errorCategory: 'service_overloaded' },
    );
  }

  #closedFailure(): FailedResult {
    return StepResult.fail(
      `Queue "${this.name}" is closed and takes no more items. Offer the item again once its orchestrator runs.`,
      { errorCategory: 'service_unavailable' },
    );
  }

  #cancelledFailure(signal: AbortSignal | undefined): FailedResult {
    return StepResult.fail(`The put into queue "${this.name}" was aborted before the item was taken in.`, {
      errorCategory: 'cancelled',
      cause: signal?.reason,
    });
  }
}

/** What items of several requests of one tenant are handled in: the tenant, and none of the requests. */
function batchContext(first: OrchestrationContext | undefined): OrchestrationContext | undefined {
  const tenantId = tenantOf(first);
  return tenantId === undefined
    ? undefined
    : new OrchestrationContext({ tenantId, requestId: `batch-${randomUUID()}` });
}

/** Read from the state, which the receiver of a context cannot touch. */
function tenantOf(context: OrchestrationContext | undefined): string | undefined {
  return context === undefined ? undefined : OrchestrationContext.stateOf(context).tenantId;
}
