import type { StepResult } from '../step-result.js';

/** The producer's side of a bounded queue. */
export interface SignalQueue<T> {
  readonly name: string;
  /** Never waits. A failed result (`service_overloaded`) where the queue is full and its overflow is not 'drop-oldest'. */
  offer(item: T): StepResult<{ readonly depth: number }>;
  /** As {@link offer}, and waits for room where the overflow is 'block'. */
  put(item: T, options?: { readonly signal?: AbortSignal }): Promise<StepResult<{ readonly depth: number }>>;
  /** Items that wait now. */
  readonly depth: number;
  readonly capacity: number;
  /** Items given up for newer ones since the start. */
  readonly dropped: number;
  /** Items not taken since the start. */
  readonly refused: number;
}
