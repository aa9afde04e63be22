import { AsyncResource } from 'node:async_hooks';

import { shown } from './options.js';
import type { Attempt, ExecuteOptions } from './policy.js';
import { ResilienceError } from './resilience-error.js';
import { type AbortChild, linkSignal, unlinkSignal } from './signal-links.js';

const DEFAULT_PRIORITY = 5;

/**
 * The attempt a policy of this package hands to its work: what the caller said of the execution, and who has to be told
 * when it ends. It can be passed as it is as the options of an inner policy, which then sees deadline, priority and
 * abort of the outer one without a signal being made: `outer.execute((attempt) => inner.execute(work, attempt))`.
 *
 * A plain scope ends only with its parent, or with the caller's signal if it has no parent; {@link AbortableScope} can
 * also be ended by itself.
 */
export class AttemptScope implements Attempt {
  // Declared, then assigned: one or more of these are made per call, and defining fields costs more.
  declare readonly attempt: number;
  declare readonly parent: AttemptScope | undefined;
  /** Monotonic time at which it ends, in ms; Infinity for none. */
  declare readonly expiresAt: number;
  /** 0 to 9; the lower, the sooner shed. */
  declare readonly priority: number;
  /** Whose execution it is; '' where nobody said. */
  declare readonly key: string;
  /** Work of this scope, or of one inside it, that still runs although its caller has been answered. */
  declare abandoned: number;
  /** Called once when {@link abandoned} has come down to 0: a slot is free only then. */
  declare onIdle: (() => void) | undefined;
  /** A retry policy inside has already done what can be done; another one further out must not repeat it. */
  declare retried: boolean;
  declare private source: AbortSignal | undefined;

  constructor(
    attempt: number,
    parent: AttemptScope | undefined,
    expiresAt: number,
    priority: number,
    source: AbortSignal | undefined,
    key: string = parent === undefined ? '' : parent.key,
  ) {
    this.attempt = attempt;
    this.parent = parent;
    this.expiresAt = expiresAt;
    this.priority = priority;
    this.key = key;
    this.abandoned = 0;
    this.onIdle = undefined;
    this.retried = false;
    this.source = source;
  }

  /** The scope that options stand for: themselves, where an outer policy of this package made them. */
  static of(options: ExecuteOptions | null | undefined): AttemptScope {
    if (options === undefined || options === null) {
      return new AttemptScope(1, undefined, Infinity, DEFAULT_PRIORITY, undefined);
    }
    if (options instanceof AttemptScope) return options;
    const { expiresAt } = options;
    return new AttemptScope(
      1,
      undefined,
      // What is no number is no deadline: it would spoil the timer that all executions share.
      typeof expiresAt === 'number' && expiresAt === expiresAt ? expiresAt : Infinity,
      options.priority ?? DEFAULT_PRIORITY,
      checkedSignal(options.signal),
      options.key,
    );
  }

  get signal(): AbortSignal {
    if (this.parent !== undefined) return this.parent.signal;
    return (this.source ??= new AbortController().signal);
  }

  /** Whether it has ended. Makes no signal. */
  get aborted(): boolean {
    if (this.parent !== undefined) return this.parent.aborted;
    return this.source !== undefined && this.source.aborted;
  }

  /** Why it has ended; undefined before. */
  get reason(): unknown {
    if (this.parent !== undefined) return this.parent.reason;
    return this.source?.reason as unknown;
  }

  /** Whether anything can end it at all; where not, there is nothing to link to. */
  get abortable(): boolean {
    return this.parent === undefined ? this.source !== undefined : this.parent.abortable;
  }

  /** Tells `child` when this, which has not ended, ends. Whoever links must {@link unlink} when it is done. */
  link(child: AbortChild): void {
    if (this.parent !== undefined) this.parent.link(child);
    else if (this.source !== undefined) linkSignal(this.source, child);
  }

  /** Does nothing for what is not linked. */
  unlink(child: AbortChild): void {
    if (this.parent !== undefined) this.parent.unlink(child);
    else if (this.source !== undefined) unlinkSignal(this.source, child);
  }

  /** A retry policy inside has given up on a rejection that cannot carry its mark. */
  markRetried(): void {
    this.retried = true;
    this.parent?.markRetried();
  }

  /** Work runs on although its caller has been answered. Counted here and in every scope further out. */
  abandon(): void {
    this.abandoned += 1;
    this.parent?.abandon();
  }

  /** That work has ended. */
  reclaim(): void {
    this.abandoned -= 1;
    if (this.abandoned === 0 && this.onIdle !== undefined) {
      const idle = this.onIdle;
      this.onIdle = undefined;
      idle();
    }
    this.parent?.reclaim();
  }
}

/** What is no signal could never end anything: an execution given one has ended before it begins, and says why. */
function checkedSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined;
  // By what it can do: signals of other realms and of libraries are signals too.
  const { addEventListener, removeEventListener, aborted } = signal as Partial<AbortSignal>;
  if (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  ) {
    return signal as AbortSignal;
  }
  return AbortSignal.abort(
    new ResilienceError(
      'OPTION_INVALID',
      'execute',
      `execute: signal must be an AbortSignal, got ${shown(signal)}. Pass the signal of an AbortController, or leave it out.`,
    ),
  );
}

/** A scope that its policy can end: its time is up, or another attempt has won. */
export class AbortableScope extends AttemptScope implements AbortChild {
  declare private ended: boolean;
  declare private why: unknown;
  declare private controller: AbortController | undefined;
  /** Where the signal was asked for: its listeners run as part of that call, though a timer of all calls aborts it. */
  declare private context: AsyncResource | undefined;
  declare private child: AbortChild | undefined;
  declare private more: Set<AbortChild> | undefined;

  constructor(attempt: number, parent: AttemptScope, expiresAt: number) {
    super(attempt, parent, expiresAt, parent.priority, undefined);
    this.ended = false;
    this.why = undefined;
    this.controller = undefined;
    this.context = undefined;
    this.child = undefined;
    this.more = undefined;
  }

  override get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.ended) this.controller.abort(this.why);
      else this.context = new AsyncResource('kapelle.resilience.attempt');
    }
    return this.controller.signal;
  }

  override get aborted(): boolean {
    return this.ended;
  }

  override get reason(): unknown {
    return this.why;
  }

  override get abortable(): boolean {
    return true;
  }

  override link(child: AbortChild): void {
    if (this.child === undefined) this.child = child;
    else (this.more ??= new Set()).add(child);
  }

  override unlink(child: AbortChild): void {
    if (this.child === child) this.child = undefined;
    else this.more?.delete(child);
  }

  /** Ends it, once: aborts the signal if one was made, and everything linked. */
  abort(reason: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.why = reason;
    const { child, more } = this;
    this.child = undefined;
    this.more = undefined;
    this.context?.runInAsyncScope(abortController, undefined, this.controller, reason);
    child?.parentAborted(reason);
    if (more !== undefined) for (const other of [...more]) other.parentAborted(reason);
  }

  /** Its parent has ended, and so it ends. */
  parentAborted(reason: unknown): void {
    this.abort(reason);
  }
}

function abortController(controller: AbortController | undefined, reason: unknown): void {
  controller?.abort(reason);
}
