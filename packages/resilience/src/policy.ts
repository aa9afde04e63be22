/**
 * What the work gets that a policy runs. An inner policy takes it as its options, and then ends with the outer one:
 * `retry.execute((attempt) => breaker.execute(work, attempt))`.
 */
export interface Attempt {
  /** Aborted when this attempt has to end. Made when it is first read: work that ignores it pays nothing. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt, 2 for the first retry. */
  readonly attempt: number;
}

/** What a policy runs: a function of its attempt. A rejection and a failed StepResult both count as failures. */
export type Work<T> = (attempt: Attempt) => T | PromiseLike<T>;

/** What a caller may say of one execution. */
export interface ExecuteOptions {
  /** Ends the execution: waiting and back-off stop at once, the attempt's signal is aborted. */
  readonly signal?: AbortSignal;
  /** The whole execution ends at this reading of the policy's monotonic clock, in ms. @default Infinity */
  readonly expiresAt?: number;
  /** Lower is shed first; 0 to 9. Read by load shedding alone. @default 5 */
  readonly priority?: number;
  /** Whose execution it is, a tenant or a user: rate limits count by it, fair queues take turns by it. @default '' */
  readonly key?: string;
}

/** A way of running work; usable alone or in a pipeline. */
export interface Policy {
  readonly name: string;
  /**
   * Runs the work. Resolves to what it resolved to, a failed StepResult included. Rejects with what it rejected with,
   * or with a {@link ResilienceError} where the policy itself refused or ended it.
   */
  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T>;
}
