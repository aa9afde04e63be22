import {
  StepFailure,
  type FailedResult,
  type OperationContext,
  type SkippedResult,
  StepResult,
  type StepRetry,
} from '@kapelle/core';
import type { FailedStage, FinishedWork } from '../autonomous-intelligence/finished-work.js';
import type { StageNote } from '../autonomous-intelligence/model.js';
import {
  planRecovery,
  type RecoveryCounters,
  type RecoveryPlan,
  type RecoveryTry,
} from '../autonomous-intelligence/recovery-plan.js';
import type { Staged, StageRunner } from '../autonomous-intelligence/stage-runner.js';

type Outcome<T> = Promise<Staged<T> | StepResult>;

/** What else can be done where a stage fails. */
export interface Rungs<T> {
  readonly retry?: StepRetry;
  readonly timeoutMs?: number;
  /** The stage with less to do. */
  readonly simplified?: { readonly work: (signal: AbortSignal) => Outcome<T>; readonly reason: string };
  /** Something else that makes the same; nothing where it cannot either. */
  readonly substitute?: {
    readonly make: () => T | undefined | Promise<T | undefined>;
    readonly reason: string;
  };
}

/** Stages one after the other, of which none may keep the others from running; each loss is noted. */
export class Ladder {
  readonly #context: OperationContext;
  readonly #runner: StageRunner;
  readonly #counters: RecoveryCounters;
  readonly #before: ReadonlyMap<string, FailedStage>;
  readonly #skipped: ReadonlyMap<string, string>;
  readonly #notes: StageNote[] = [];
  readonly #staged: Staged<unknown>[] = [];
  readonly #plans: Record<string, RecoveryPlan> = {};

  constructor(
    context: OperationContext,
    {
      runner,
      counters,
      finished,
    }: {
      readonly runner: StageRunner;
      readonly counters: RecoveryCounters;
      readonly finished: FinishedWork | undefined;
    },
  ) {
    this.#context = context;
    this.#runner = runner;
    this.#counters = counters;
    this.#before = new Map((finished?.failures ?? []).map((failure) => [failure.stage, failure]));
    this.#skipped = new Map((finished?.skipped ?? []).map(({ stage, reason }) => [stage, reason]));
  }

  get notes(): readonly StageNote[] {
    return this.#notes;
  }

  /** The stages that ran here. */
  get staged(): readonly Staged<unknown>[] {
    return this.#staged;
  }

  /** What was decided for each stage that failed. */
  get plans(): Readonly<Record<string, RecoveryPlan>> {
    return this.#plans;
  }

  /** Whether somebody before could not do it, so that it is worth asking for. */
  hasFailed(stage: string): boolean {
    return this.#before.has(stage);
  }

  note(stage: string, outcome: StageNote['outcome'], reason: string): void {
    this.#notes.push({ stage, outcome, reason });
  }

  /**
   * What the stage makes, or what stands in for it by the plan of its recovery, or nothing.
   *
   * @throws StepFailure for a failure after which nothing more is tried; and when the call is ended
   */
  async attempt<T>(
    stage: string,
    work: (signal: AbortSignal) => Outcome<T>,
    rungs: Rungs<T> = {},
  ): Promise<T | undefined> {
    const refused = this.#skipped.get(stage);
    if (refused !== undefined) {
      this.note(stage, 'skipped', refused);
      return undefined;
    }
    const before = this.#before.get(stage);
    const { retry, timeoutMs } = rungs;
    const options = {
      ...(retry === undefined ? {} : { retry }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    if (before !== undefined) return this.#recover(stage, before, { work, rungs, options, isLater: true });
    const first = await this.#run(stage, work, options);
    if (first.status === 'ok') return first.staged.value;
    if (first.status === 'skipped') {
      this.note(stage, 'skipped', first.reason);
      return undefined;
    }
    return this.#recover(stage, first, { work, rungs, options, isLater: false });
  }

  async #recover<T>(
    stage: string,
    failure: Pick<FailedStage, 'reason' | 'retryable' | 'errorCategory' | 'attempts'> & {
      readonly result?: FailedResult | SkippedResult;
    },
    { work, rungs, options, isLater }: Recovery<T>,
  ): Promise<T | undefined> {
    const { reason, retryable, errorCategory, attempts = 1 } = failure;
    const plan = planRecovery({ stage, errorCategory, retryable, attempts, isLater });
    this.#plans[stage] = plan;
    if (plan.action === 'abort' && failure.result !== undefined) throw new StepFailure(failure.result);
    for (const way of plan.tries) {
      const made = await this.#try(way, stage, { work, rungs, options });
      if (made === undefined) continue;
      this.#counters.count(stage, way === 'again' ? 'successful' : 'degraded');
      this.note(stage, 'reduced', `${made.how}, after: ${reason}`);
      return made.value;
    }
    this.#counters.count(stage, 'failed');
    this.note(stage, 'failed', reason);
    return undefined;
  }

  async #try<T>(
    way: RecoveryTry,
    stage: string,
    { work, rungs: { simplified, substitute }, options }: Omit<Recovery<T>, 'isLater'>,
  ): Promise<{ readonly value: T; readonly how: string } | undefined> {
    switch (way) {
      case 'again': {
        const again = await this.#run(stage, work, options);
        return again.status === 'ok'
          ? { value: again.staged.value, how: 'Made at a further attempt' }
          : undefined;
      }
      case 'simplified': {
        if (simplified === undefined) return undefined;
        const made = await this.#run(`${stage} simplified`, simplified.work, {});
        return made.status === 'ok' ? { value: made.staged.value, how: simplified.reason } : undefined;
      }
      case 'substitute': {
        const value = await substitute?.make();
        return value === undefined || substitute === undefined
          ? undefined
          : { value, how: substitute.reason };
      }
    }
  }

  async #run<T>(
    step: string,
    work: (signal: AbortSignal) => Outcome<T>,
    options: { readonly retry?: StepRetry; readonly timeoutMs?: number },
  ): Promise<Ran<T>> {
    let skipped: string | undefined;
    try {
      const staged = (await this.#context.step(
        step,
        async ({ signal }) => {
          const made = await work(signal);
          skipped = StepResult.isResult(made) && made.status === 'skipped' ? made.reason : undefined;
          return made;
        },
        options,
      )) as Staged<T> | undefined;
      // A step that is skipped is no failure: there is just nothing that it made.
      if (staged === undefined) return { status: 'skipped', reason: skipped ?? 'It made nothing.' };
      this.#staged.push(staged);
      return { status: 'ok', staged };
    } catch (thrown) {
      this.#context.signal.throwIfAborted();
      if (!(thrown instanceof StepFailure)) throw thrown;
      const { result } = thrown;
      if (result.status === 'skipped') return { status: 'skipped', reason: result.reason };
      const { error: reason, retryable, errorCategory } = result;
      const attempts = Math.max(1, this.#runner.attemptsOf(step));
      return { status: 'failed', reason, retryable, errorCategory, attempts, result };
    }
  }
}

interface Recovery<T> {
  readonly work: (signal: AbortSignal) => Outcome<T>;
  readonly rungs: Rungs<T>;
  readonly options: { readonly retry?: StepRetry; readonly timeoutMs?: number };
  readonly isLater: boolean;
}

type Ran<T> =
  | { readonly status: 'ok'; readonly staged: Staged<T> }
  | { readonly status: 'skipped'; readonly reason: string }
  | (Required<Pick<FailedStage, 'reason' | 'retryable' | 'errorCategory' | 'attempts'>> & {
      readonly status: 'failed';
      readonly result: FailedResult;
    });
