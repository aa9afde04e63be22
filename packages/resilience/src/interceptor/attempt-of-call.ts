import type { AttemptOptions } from '@kapelle/core';

import type { AttemptScope } from '../attempt-scope.js';
import type { AbortChild } from '../signal-links.js';

// One object per attempt, and no closures in it: core calls the methods on it.

/** An attempt of a call that its policies may end. */
export class EndableAttempt implements AttemptOptions, AbortChild {
  declare protected readonly attempt: AttemptScope;
  declare private end: ((reason: unknown) => void) | undefined;

  constructor(attempt: AttemptScope) {
    this.attempt = attempt;
    this.end = undefined;
  }

  endedBy(end: (reason: unknown) => void): () => void {
    const { attempt } = this;
    if (attempt.aborted) {
      end(attempt.reason);
      return nothing;
    }
    this.end = end;
    attempt.link(this);
    return () => {
      attempt.unlink(this);
    };
  }

  parentAborted(reason: unknown): void {
    this.end?.(reason);
  }
}

/** And one whose slot stays taken until its body has ended, perhaps long after its answer. */
export class EndableHeldAttempt extends EndableAttempt {
  declare private isAbandoned: boolean;

  constructor(attempt: AttemptScope) {
    super(attempt);
    this.isAbandoned = false;
  }

  onAbandoned(): void {
    this.isAbandoned = true;
    this.attempt.abandon();
  }

  onOver(): void {
    if (this.isAbandoned) this.attempt.reclaim();
  }
}

/** An attempt that ends with its call, whose slot stays taken until its body has ended. */
export class HeldAttempt implements AttemptOptions {
  declare private readonly attempt: AttemptScope;
  declare private isAbandoned: boolean;

  constructor(attempt: AttemptScope) {
    this.attempt = attempt;
    this.isAbandoned = false;
  }

  onAbandoned(): void {
    this.isAbandoned = true;
    this.attempt.abandon();
  }

  onOver(): void {
    if (this.isAbandoned) this.attempt.reclaim();
  }
}

function nothing(): void {}
