/** What a step's function gets. */
export interface Step {
  /** Fires when the step should end: its timeout, the call's deadline, a cancellation. */
  readonly signal: AbortSignal;
  /** Counted from 1. */
  readonly attempt: number;
  /** The same for every attempt of this step of this run; hand it to whatever has an effect. */
  readonly idempotencyKey: string;
}

/** How often a step is tried again, and after which pauses (in ms). */
export interface StepRetry {
  /** Attempts in all, the first included. @default 3 @minimum 1 */
  readonly maxAttempts?: number;
  /** Ceiling of the first pause; doubled for each further one, with full jitter. @default 100 */
  readonly baseMs?: number;
  /** Longest pause. @default 5,000 */
  readonly capMs?: number;
  /** Whether to try again; by default what the failure says of itself, and any thrown unknown error. */
  readonly when?: (failure: {
    readonly retryable: boolean;
    readonly errorCategory: string;
    readonly error: string;
  }) => boolean;
}

/** What a compensation gets. */
export interface Compensation {
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
}

/** How a step is run. */
export interface StepOptions<T> {
  /** Without it a step runs once. */
  readonly retry?: StepRetry;
  /** Per attempt. */
  readonly timeoutMs?: number;
  /** Undoes the finished step when the run fails or is cancelled; run in reverse order, failures reported. */
  readonly compensate?: (value: T, compensation: Compensation) => unknown;
}
