import { setImmediate } from 'node:timers';

import { runInContext } from '../ambient.js';
import { checkCount, checkMs, type Clock } from '../clock/clock.js';
import type { OrchestrationContext } from '../context.js';
import { StepFailure, StepResult } from '../step-result.js';
import { outsideOfCalls } from '../tasks/outside-of-calls.js';
import type { BoundedQueue, QueueBatch } from './bounded-queue.js';
import { type SignalLoan, SignalPool } from './signal-pool.js';

export interface QueueConsumerOptions<T> {
  readonly queue: BoundedQueue<T>;
  /**
   * Called with the items of one tenant, inside the context they were offered in. A throw, a rejection and a
   * returned failed result are failures. The signal fires for what is in work, and is of no use afterwards.
   */
  readonly handler: (items: T[], signal: AbortSignal) => unknown;
  /** Measures how long the process was kept busy, and the time-out of a stop. */
  readonly clock: Clock;
  /** @default 1 @minimum 1 */
  readonly batchSize?: number;
  /** Batches in work at the same time. @default 1 @minimum 1 */
  readonly concurrency?: number;
  /**
   * Asked for each batch that failed: after how many milliseconds it is handed over again, `undefined` for never. What it
   * throws means never. `thrown`: the failure is no returned result. @default never
   */
  readonly retry?: (failure: FailedBatch) => number | undefined;
  /** For each batch that ended well. Must not throw. */
  readonly onDone?: () => void;
  /** For each failed batch: the error, how many items it had, its context. What it throws is ignored. */
  readonly onFailed?: (error: unknown, items: number, context: OrchestrationContext | undefined) => void;
}

export interface StopConsumerOptions {
  /** Ends the wait for running batches: their signal fires. */
  readonly signal?: AbortSignal;
  /** The same after so many milliseconds. */
  readonly deadlineMs?: number;
}

export type QueueConsumerState =
  /** Takes nothing; what ignores its abort may still be in work. */
  | 'stopped'
  /** Takes whatever comes. */
  | 'running'
  /** Takes what is left, then stops. */
  | 'draining'
  /** Takes nothing; batches in work may end. */
  | 'stopping';

/** A batch whose handler failed. */
export interface FailedBatch {
  readonly error: unknown;
  readonly thrown: boolean;
  readonly items: number;
  readonly context: OrchestrationContext | undefined;
  /** Which attempt it was, counted from 1. */
  readonly attempt: number;
}

/** A batch in work. */
interface Work<T> {
  readonly items: T[];
  /** How many they were: a handler may take from the list what it has done. */
  readonly count: number;
  readonly context: OrchestrationContext | undefined;
  readonly signal: SignalLoan;
  /** How often the handler was called. */
  attempts: number;
}

/** Longest time, and most batches, that are worked off before timers and I/O of the process get their turn. */
const TURN_MS = 10;
const TURN_BATCHES = 1_000;

/**
 * Runs a handler over what comes into a queue. Woken by the queue: an idle consumer has no timer and does not
 * hold the process open. A handler that fails takes its batch with it and nothing else.
 */
export class QueueConsumer<T> {
  readonly batchSize: number;
  readonly concurrency: number;
  readonly #queue: BoundedQueue<T>;
  readonly #handler: QueueConsumerOptions<T>['handler'];
  readonly #retry: QueueConsumerOptions<T>['retry'];
  readonly #onDone: QueueConsumerOptions<T>['onDone'];
  readonly #onFailed: QueueConsumerOptions<T>['onFailed'];
  readonly #clock: Clock;
  readonly #signals = new SignalPool();
  readonly #working = new Set<Work<T>>();
  readonly #stops = new Set<() => void>();
  readonly #drains = new Set<() => void>();
  readonly #idles = new Set<() => void>();
  #state: QueueConsumerState = 'stopped';
  #unsubscribe: (() => void) | undefined;
  #scheduled = false;
  /** Since when, and how many batches, the process was kept busy; no start where it had its turn since. */
  #busySince: number | undefined;
  #busyBatches = 0;
  #paused = false;
  #processed = 0;
  #failed = 0;
  /** Items of batches that would have been handed over again, had they not been aborted. */
  #cutShort = 0;

  /** @throws RangeError for a batchSize or concurrency that is none. */
  constructor(options: QueueConsumerOptions<T>) {
    const { queue, batchSize = 1, concurrency = 1 } = options;
    this.batchSize = checkCount(`batchSize of queue "${queue.name}"`, batchSize);
    this.concurrency = checkCount(`concurrency of queue "${queue.name}"`, concurrency);
    this.#queue = queue;
    this.#handler = options.handler;
    this.#retry = options.retry;
    this.#onDone = options.onDone;
    this.#onFailed = options.onFailed;
    this.#clock = options.clock;
  }

  get state(): QueueConsumerState {
    return this.#state;
  }

  /** Items of batches that ended well. */
  get processed(): number {
    return this.#processed;
  }

  /** Items of batches that failed. */
  get failed(): number {
    return this.#failed;
  }

  /** Items of batches that were aborted in the pause before another attempt, since this was asked last. */
  takeCutShort(): number {
    const items = this.#cutShort;
    this.#cutShort = 0;
    return items;
  }

  /** Batches in work, those included that outlived a stop: they keep their place until they end. */
  get running(): number {
    return this.#working.size;
  }

  /** Begins, also after a stop; a stop or drain that was still waiting resolves. */
  start(): void {
    if (this.#state === 'running') return;
    this.#open('running');
    this.#release(this.#drains);
    this.#release(this.#stops);
  }

  /**
   * Takes nothing more and lets the batches in work end. At the deadline, or when the signal fires, their own
   * signal fires, and a turn of the event loop later the stop is over: what did not end is in {@link running}.
   *
   * @throws RangeError for a deadlineMs that is no length of time
   */
  stop(options: StopConsumerOptions = {}): Promise<void> {
    const { signal, deadlineMs } = options;
    if (deadlineMs !== undefined) checkMs('deadlineMs', deadlineMs);
    this.#close(this.#working.size === 0 ? 'stopped' : 'stopping');
    if (this.#working.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#stops.delete(end);
        if (timer !== undefined) this.#clock.clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        if (this.#state === 'stopping') this.#state = 'stopped';
        resolve();
      };
      const endSoon = (reason: unknown): void => {
        this.abort(reason);
        // Handlers that heed their signal end in this turn, and then are not counted as still running.
        setImmediate(end);
      };
      const onAbort = (): void => endSoon(signal?.reason);
      const timer =
        deadlineMs === undefined
          ? undefined
          : this.#clock.setTimeout(() => endSoon(this.#overdue(deadlineMs)), deadlineMs);
      this.#stops.add(end);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * Works off what is left, started or not, and stops. Resolves when the queue is empty and every batch has ended,
   * or as soon as `untilAborted` fires; batches in work then go on, and what waits stays in the queue.
   */
  drain(untilAborted: AbortSignal): Promise<void> {
    if (untilAborted.aborted) {
      this.#close('stopped');
      return Promise.resolve();
    }
    this.#open('draining');
    return new Promise((resolve) => {
      const onAbort = (): void => this.#close('stopped');
      untilAborted.addEventListener('abort', onAbort, { once: true });
      const end = (): void => {
        this.#drains.delete(end);
        untilAborted.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#drains.add(end);
    });
  }

  /** Resolves, perhaps never, when nothing waits and nothing is in work; more may come after that. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#idles.delete(end);
        resolve();
      };
      this.#idles.add(end);
    });
  }

  get isIdle(): boolean {
    return this.#working.size === 0 && this.#queue.depth === 0;
  }

  /** Whether a batch is in work that is handled in `context`. */
  worksIn(context: OrchestrationContext): boolean {
    for (const work of this.#working) if (work.context === context) return true;
    return false;
  }

  /** Fires the signal of each batch in work. Later batches are not concerned. */
  abort(reason?: unknown): void {
    for (const work of [...this.#working]) work.signal.controller.abort(reason);
  }

  #open(state: 'running' | 'draining'): void {
    this.#state = state;
    this.#unsubscribe ??= this.#queue.onItem(this.#wake);
    this.#wake();
  }

  #close(state: 'stopping' | 'stopped'): void {
    this.#state = state;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#release(this.#drains);
  }

  #release(waits: ReadonlySet<() => void>): void {
    for (const end of [...waits]) end();
  }

  /** Called within a producer's `offer`, hence never runs the handler itself. */
  readonly #wake = (): void => {
    if (this.#scheduled || this.#paused || this.#working.size >= this.concurrency) return;
    this.#scheduled = true;
    queueMicrotask(this.#pumpOutside);
  };

  /** Lest a batch inherit the async context of the producer that happened to wake the consumer. */
  readonly #pumpOutside = (): void => {
    this.#scheduled = false;
    outsideOfCalls(this.#pump);
  };

  readonly #pump = (): void => {
    while (
      (this.#state === 'running' || this.#state === 'draining') &&
      this.#working.size < this.concurrency &&
      this.#queue.depth > 0
    ) {
      if (!this.#mayGoOn()) {
        this.#paused = true;
        return;
      }
      const batch = this.#queue.takeBatch(this.batchSize);
      if (batch !== undefined) this.#run(batch);
    }
    if (this.#working.size > 0) return;
    if (this.#queue.depth === 0) this.#release(this.#idles);
    if (this.#state === 'draining' && this.#queue.depth === 0) this.#close('stopped');
    if (this.#state === 'stopping') this.#state = 'stopped';
    this.#release(this.#stops);
  };

  /** False once the process was kept busy for long enough; {@link #onTurn} then goes on. */
  #mayGoOn(): boolean {
    const now = this.#clock.monotonic();
    if (this.#busySince === undefined) {
      this.#busySince = now;
      this.#busyBatches = 0;
      // One per turn in which there is work: the turn comes by itself where handlers wait for I/O.
      setImmediate(this.#onTurn);
    }
    this.#busyBatches += 1;
    return this.#busyBatches <= TURN_BATCHES && now - this.#busySince < TURN_MS;
  }

  readonly #onTurn = (): void => {
    this.#busySince = undefined;
    if (!this.#paused) return;
    this.#paused = false;
    this.#pump();
  };

  #run({ items, context }: QueueBatch<T>): void {
    const work: Work<T> = {
      items,
      count: items.length,
      context,
      signal: this.#signals.lend(),
      attempts: 0,
    };
    this.#working.add(work);
    this.#attempt(work);
  }

  #attempt(work: Work<T>): void {
    work.attempts += 1;
    // Each attempt has a list of its own.
    const items = this.#retry === undefined ? work.items : [...work.items];
    try {
      const outcome = runInContext(work.context, () => this.#handler(items, work.signal.controller.signal));
      if (typeof (outcome as PromiseLike<unknown> | undefined | null)?.then === 'function') {
        Promise.resolve(outcome).then(
          (value) => {
            this.#end(work, value);
            this.#pump();
          },
          (error: unknown) => {
            this.#fail(work, error, true);
            this.#pump();
          },
        );
      } else {
        this.#end(work, outcome);
      }
    } catch (error) {
      this.#fail(work, error, true);
    }
  }

  #end(work: Work<T>, outcome: unknown): void {
    if (StepResult.isResult(outcome) && outcome.status === 'failed') {
      this.#fail(work, new StepFailure(outcome), false);
      return;
    }
    this.#leave(work);
    this.#processed += work.count;
    this.#onDone?.();
  }

  #fail(work: Work<T>, error: unknown, thrown: boolean): void {
    const delayMs = this.#pauseAfter(work, error, thrown);
    if (delayMs === undefined) this.#giveUp(work, error);
    else this.#tryAgain(work, error, delayMs);
  }

  #pauseAfter(work: Work<T>, error: unknown, thrown: boolean): number | undefined {
    if (this.#retry === undefined || work.signal.controller.signal.aborted) return undefined;
    const { count: items, context, attempts: attempt } = work;
    try {
      const delayMs = this.#retry({ error, thrown, items, context, attempt });
      // Whoever was asked, or heard of it, may have aborted the batch meanwhile.
      return work.signal.controller.signal.aborted ? undefined : delayMs;
    } catch {
      return undefined;
    }
  }

  /** Calls the handler again after a pause, unless the batch is aborted before that. */
  #tryAgain(work: Work<T>, error: unknown, delayMs: number): void {
    const { signal } = work.signal.controller;
    const again = (): void => {
      signal.removeEventListener('abort', onAbort);
      this.#attempt(work);
      this.#pump();
    };
    // Not as part of the call whose items these are.
    const timer = outsideOfCalls(() => this.#clock.setTimeout(again, delayMs));
    const onAbort = (): void => {
      this.#clock.clearTimeout(timer);
      this.#cutShort += work.count;
      this.#giveUp(work, error);
      this.#pump();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  }

  #giveUp(work: Work<T>, error: unknown): void {
    this.#leave(work);
    this.#failed += work.count;
    try {
      this.#onFailed?.(error, work.count, work.context);
    } catch {
      // Whoever watches a consumer must not stop it.
    }
  }

  #leave(work: Work<T>): void {
    this.#working.delete(work);
    this.#signals.giveBack(work.signal);
  }

  #overdue(deadlineMs: number): Error {
    return new DOMException(
      `The consumer of queue "${this.#queue.name}" was still busy ${deadlineMs} ms after it was told to stop.`,
      'TimeoutError',
    );
  }
}
