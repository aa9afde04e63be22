import { AbortableScope, type AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import type { Deadline, DeadlineList } from '../deadline-list.js';
import type { Work } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { runWork } from '../run-work.js';

/** What the calls of one policy count together. */
export interface TimedCounts {
  timedOut: number;
  cancelled: number;
  abandoned: number;
  lateResults: number;
  lateFailures: number;
}

/** One execution under a time-out: its attempt, its deadline and the one decision about its outcome, in one object. */
export class TimedCall<T> extends AbortableScope implements Deadline {
  declare queue: Deadline['queue'];
  declare before: Deadline | undefined;
  declare after: Deadline | undefined;
  declare private readonly policy: string;
  declare private readonly lengthMs: number;
  declare private readonly deadlines: DeadlineList;
  declare private readonly counts: TimedCounts;
  declare private outer: AttemptScope | undefined;
  declare private settled: boolean;
  declare private resolve: (value: T) => void;
  declare private reject: (error: unknown) => void;

  constructor(
    policy: string,
    lengthMs: number,
    parent: AttemptScope,
    expiresAt: number,
    deadlines: DeadlineList,
    counts: TimedCounts,
  ) {
    super(parent.attempt, parent, expiresAt);
    this.queue = undefined;
    this.before = undefined;
    this.after = undefined;
    this.policy = policy;
    this.lengthMs = lengthMs;
    this.deadlines = deadlines;
    this.counts = counts;
    this.outer = undefined;
    this.settled = false;
  }

  start(work: Work<T>, now: number): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.deadlines.add(this, this.lengthMs, now);
    const { parent } = this;
    if (parent?.abortable === true) {
      this.outer = parent;
      parent.link(this);
    }
    runWork(work, this).then(
      (value) => {
        if (this.settled) this.late('lateResults');
        else {
          this.settle();
          this.resolve(value);
        }
      },
      (error: unknown) => {
        if (this.settled) this.late('lateFailures');
        else {
          this.settle();
          this.reject(error);
        }
      },
    );
    return answer;
  }

  onExpire(): void {
    if (this.settled) return;
    this.counts.timedOut += 1;
    this.end(
      new ResilienceError(
        'TIMEOUT',
        this.policy,
        `${this.policy}: the work took longer than ${Math.round(this.lengthMs)} ms. Give it more time, or make it end when its signal is aborted.`,
      ),
    );
  }

  override parentAborted(reason: unknown): void {
    if (this.settled) return;
    this.counts.cancelled += 1;
    this.end(cancelled(this.policy, reason), reason);
  }

  /** Answers the caller while the work still runs. */
  private end(error: ResilienceError, reason: unknown = error): void {
    this.settle();
    this.counts.abandoned += 1;
    this.abandon();
    this.abort(reason);
    this.reject(error);
  }

  private settle(): void {
    this.settled = true;
    this.deadlines.remove(this);
    if (this.outer !== undefined) {
      this.outer.unlink(this);
      this.outer = undefined;
    }
  }

  private late(kind: 'lateResults' | 'lateFailures'): void {
    this.counts[kind] += 1;
    this.counts.abandoned -= 1;
    this.reclaim();
  }
}
