import type { FeedbackComponent } from './feedback-signal.js';

interface Wait {
  readonly type: FeedbackComponent;
  /** How many signals have to have left the queue. */
  readonly mark: number;
  readonly resolve: () => void;
}

/**
 * Knows when the signals that were offered before a moment have left their queues: learnt, failed or dropped. Later
 * ones do not prolong the wait.
 */
export class QueueProgress {
  readonly #offered = new Map<FeedbackComponent, number>();
  readonly #handled = new Map<FeedbackComponent, number>();
  readonly #droppedOf: (type: FeedbackComponent) => number;
  #waits: Wait[] = [];

  constructor(droppedOf: (type: FeedbackComponent) => number) {
    this.#droppedOf = droppedOf;
  }

  offered(type: FeedbackComponent): void {
    this.#offered.set(type, (this.#offered.get(type) ?? 0) + 1);
  }

  handled(type: FeedbackComponent, signals: number): void {
    this.#handled.set(type, (this.#handled.get(type) ?? 0) + signals);
    if (this.#waits.length === 0) return;
    this.#waits = this.#waits.filter((wait) => {
      if (!this.#isOver(wait)) return true;
      wait.resolve();
      return false;
    });
  }

  /** Resolves when what has been offered until now is out of the queues, or when the signal fires. */
  async settled(types: readonly FeedbackComponent[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      types.map((type) => {
        return new Promise<void>((resolve) => {
          const wait: Wait = { type, mark: this.#offered.get(type) ?? 0, resolve };
          if (signal.aborted || this.#isOver(wait)) {
            resolve();
            return;
          }
          this.#waits.push(wait);
          signal.addEventListener(
            'abort',
            () => {
              this.#waits = this.#waits.filter((each) => each !== wait);
              resolve();
            },
            { once: true },
          );
        });
      }),
    );
  }

  #isOver({ type, mark }: Wait): boolean {
    return (this.#handled.get(type) ?? 0) + this.#droppedOf(type) >= mark;
  }
}
