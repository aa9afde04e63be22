import type { Clock, TimerHandle } from '@kapelle/core';

import type { AttemptScope } from '../attempt-scope.js';
import type { AbortChild } from '../signal-links.js';

/** One wait between two attempts. Ends at its time, or at once when the execution is ended. */
class BackOffSleep implements AbortChild {
  readonly done: Promise<boolean>;
  readonly #clock: Clock;
  readonly #scope: AttemptScope;
  readonly #timer: TimerHandle;
  #resolve: (slept: boolean) => void = () => undefined;

  constructor(clock: Clock, scope: AttemptScope, delayMs: number) {
    this.#clock = clock;
    this.#scope = scope;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = clock.setTimeout(() => {
      scope.unlink(this);
      this.#resolve(true);
    }, delayMs);
    if (scope.abortable) scope.link(this);
  }

  parentAborted(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#resolve(false);
  }
}

/** Waits for `delayMs`; false if `scope`, which has not ended, ended meanwhile. */
export function backOff(clock: Clock, scope: AttemptScope, delayMs: number): Promise<boolean> {
  return new BackOffSleep(clock, scope, delayMs).done;
}
