import { AsyncLocalStorage } from 'node:async_hooks';

import { openController } from './open-controller.js';

/** Work that can be ended from outside. */
export interface Abortable {
  readonly aborted: boolean;
  readonly abortReason: Error | undefined;
  readonly signal: AbortSignal;
  /** Calls `run` once when it is ended; at once if it was. Returns what takes it back. */
  onAbort(run: () => void): () => void;
}

/** A part of a call that can be ended alone: the branches of one `parallel`, one attempt of an interceptor. */
export class AbortScope implements Abortable {
  readonly owner: object;
  readonly #unlink: () => void;
  #listeners: Set<() => void> | undefined;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(owner: object, parent: Abortable) {
    this.owner = owner;
    this.#unlink = parent.onAbort(() => {
      this.parentAborted(parent.abortReason as Error);
    });
  }

  /** What it is part of has been ended, and so it ends. */
  protected parentAborted(reason: Error): void {
    this.abort(reason);
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get abortReason(): Error | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = openController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  onAbort(run: () => void): () => void {
    if (this.#reason !== undefined) {
      run();
      return () => undefined;
    }
    const listeners = (this.#listeners ??= new Set());
    listeners.add(run);
    return () => {
      listeners.delete(run);
    };
  }

  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    // A copy: one that takes another back does not keep it from hearing of this.
    if (listeners !== undefined) for (const run of [...listeners]) run();
    this.#controller?.abort(reason);
  }

  /** Lets go of the parent. */
  close(): void {
    this.#unlink();
  }
}

const scopes = new AsyncLocalStorage<AbortScope>();
let used = false;

/** Runs `fn` as part of `scope`, with everything it awaits. */
export function runInScope<R>(scope: AbortScope, fn: () => R): R {
  used = true;
  return scopes.run(scope, fn);
}

/** The innermost scope of `owner` that the running code is part of, else `owner` itself. */
export function scopeOf<O extends Abortable & object>(owner: O): Abortable {
  if (!used) return owner;
  const scope = scopes.getStore();
  return scope !== undefined && scope.owner === owner ? scope : owner;
}
