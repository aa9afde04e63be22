import type { AttemptScope } from '../attempt-scope.js';
import type { AbortChild } from '../signal-links.js';
import type { Bucket } from './bucket.js';

/** An execution that waits for its permit. Its work starts where the promise is awaited: in its caller's async context. */
export class WaitingPermit implements AbortChild {
  previous: WaitingPermit | undefined = undefined;
  next: WaitingPermit | undefined = undefined;
  /** Resolves to whether it has its permit; false where its caller has cancelled. */
  readonly granted: Promise<boolean>;
  readonly #bucket: Bucket;
  readonly #scope: AttemptScope;
  #answer: (granted: boolean) => void = () => undefined;

  constructor(bucket: Bucket, scope: AttemptScope, now: number) {
    this.#bucket = bucket;
    this.#scope = scope;
    this.granted = new Promise((resolve) => {
      this.#answer = resolve;
    });
    bucket.push(this, now);
    if (scope.abortable) scope.link(this);
  }

  /** Out of the line by now. */
  grant(): void {
    this.#scope.unlink(this);
    this.#answer(true);
  }

  parentAborted(): void {
    this.#bucket.remove(this);
    this.#answer(false);
  }
}
