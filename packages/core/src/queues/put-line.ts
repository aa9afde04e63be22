import type { OrchestrationContext } from '../context.js';

/** A `put` that waits for room. */
export interface WaitingPut<T> {
  readonly item: T;
  readonly context: OrchestrationContext | undefined;
  readonly signal: AbortSignal | undefined;
  /** Answers the producer; called once, after the put has left the line. */
  readonly settle: (outcome: 'admitted' | 'aborted' | 'closed') => void;
  /** Neighbours, kept by the line. */
  before: WaitingPut<T> | undefined;
  behind: WaitingPut<T> | undefined;
}

/** The puts of one signal and their common listener. */
interface Watch<T> {
  readonly puts: Set<WaitingPut<T>>;
  readonly onAbort: () => void;
}

/**
 * Waiting puts in the order they came; joining, leaving from anywhere and taking the first are O(1). Puts that
 * share a signal share one listener, which goes with the last of them: a thousand puts under the signal of one
 * service are no leak, and must not be reported as one.
 */
export class PutLine<T> {
  readonly #watches = new Map<AbortSignal, Watch<T>>();
  #first: WaitingPut<T> | undefined;
  #last: WaitingPut<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  join(put: WaitingPut<T>): void {
    put.before = this.#last;
    if (this.#last === undefined) this.#first = put;
    else this.#last.behind = put;
    this.#last = put;
    this.#length += 1;
    if (put.signal !== undefined) this.#watchOf(put.signal).puts.add(put);
  }

  /** The put that came first, which then no longer stands in the line. */
  takeFirst(): WaitingPut<T> | undefined {
    const first = this.#first;
    if (first !== undefined) this.#leave(first);
    return first;
  }

  #leave(put: WaitingPut<T>): void {
    if (put.before === undefined) this.#first = put.behind;
    else put.before.behind = put.behind;
    if (put.behind === undefined) this.#last = put.before;
    else put.behind.before = put.before;
    this.#length -= 1;

    const watch = put.signal === undefined ? undefined : this.#watches.get(put.signal);
    if (put.signal === undefined || watch === undefined) return;
    watch.puts.delete(put);
    if (watch.puts.size > 0) return;
    put.signal.removeEventListener('abort', watch.onAbort);
    this.#watches.delete(put.signal);
  }

  #watchOf(signal: AbortSignal): Watch<T> {
    const known = this.#watches.get(signal);
    if (known !== undefined) return known;
    const puts = new Set<WaitingPut<T>>();
    const onAbort = (): void => {
      for (const put of [...puts]) {
        this.#leave(put);
        put.settle('aborted');
      }
    };
    const watch: Watch<T> = { puts, onAbort };
    signal.addEventListener('abort', onAbort);
    this.#watches.set(signal, watch);
    return watch;
  }
}
