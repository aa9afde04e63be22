import type { InterceptedCall } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { type AbortChild, linkSignal, unlinkSignal } from '../signal-links.js';

/**
 * A call, as policies see their caller. The signal of a call is made when somebody asks for it, and making one costs more than all the
 * policies together; so it is asked for only when something begins to wait: in a queue, or between two attempts.
 */
export class CallScope extends AttemptScope {
  readonly #call: InterceptedCall;
  readonly #tellsScopes: boolean;
  #signal: AbortSignal | undefined = undefined;

  /** `tellsScopes`: whether something may wait inside of a scope that is linked to this one. */
  constructor(call: InterceptedCall, expiresAt: number, priority: number, key: string, tellsScopes: boolean) {
    super(1, undefined, expiresAt, priority, undefined, key);
    this.#call = call;
    this.#tellsScopes = tellsScopes;
  }

  override get signal(): AbortSignal {
    return (this.#signal ??= this.#call.context.signal);
  }

  override get aborted(): boolean {
    return this.#signal?.aborted === true;
  }

  override get reason(): unknown {
    return this.#signal?.reason as unknown;
  }

  override get abortable(): boolean {
    return true;
  }

  override link(child: AbortChild): void {
    // An attempt ends with its call without being told: the call ends the body, and its answer is a cancelled result.
    if (!this.#tellsScopes && child instanceof AttemptScope) return;
    const { signal } = this;
    if (signal.aborted) child.parentAborted(signal.reason);
    else linkSignal(signal, child);
  }

  override unlink(child: AbortChild): void {
    if (this.#signal !== undefined) unlinkSignal(this.#signal, child);
  }
}
