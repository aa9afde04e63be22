import { StepResult, type Clock, type FailedResult, type SkippedResult } from '@kapelle/core';
import { NO_COST, type AnalysisBudget, type StageUse, type TokenUse } from './analysis-budget.js';
import { DEFAULT_PORT_TIMEOUT_MS } from './autonomous-options.js';
import type { StageCheckpoints } from './checkpoints.js';
import { portFailure } from './port-failure.js';
import type { Shape } from './shape.js';
import { withinLimit } from './within-limit.js';

/** What a stage made, and how long that took. */
export interface Staged<T> {
  readonly stage: string;
  readonly value: T;
  /** Milliseconds the stage itself took, without the waiting for its turn. */
  readonly ms: number;
  /** When it was over, in milliseconds of the monotonic clock. */
  readonly endedAt: number;
}

/** Where a stage says what it used. */
export interface StageMeter {
  /** A call of a model is about to be made. */
  modelCall(): void;
  /** @param isEstimated whether it is a bound, because the server said nothing */
  tokens(use: TokenUse, isEstimated?: boolean): void;
  /** Bytes that came from outside. */
  bytes(count: number): void;
}

/** How a value is kept that is not JSON-like. */
export interface StageCodec<T> {
  encode(value: T): unknown;
  decode(kept: unknown): T;
}

/** How one stage is run. */
export interface StageOptions<T> {
  /** Begins whatever is left of the budget: it only delivers what was paid for. @default false */
  readonly isEssential?: boolean;
  /** Nothing can be made without it, so that a budget that does not allow it is a failure. @default false */
  readonly isRequired?: boolean;
  /** What the stage's model call takes at most. */
  readonly bound?: TokenUse;
  /**
   * Waits for a port, and fails with `timeout` where that takes longer than the runner allows: the time of one answer,
   * or four times that for a download. @default no limit
   */
  readonly port?: 'answer' | 'download';
  /** Where what it made is kept; `false` for nowhere. @default the checkpoints of the runner */
  readonly checkpoints?: StageCheckpoints | false;
  readonly codec?: StageCodec<T>;
}

/** How much longer than another answer a download may take. */
const DOWNLOAD_FACTOR = 4;

/** What a runner runs its stages with. */
export interface StageRunnerParts {
  readonly budget?: AnalysisBudget;
  /** Of the content; known once there is some. */
  readonly checkpoints?: StageCheckpoints;
  /** How long a stage may wait for a port, in milliseconds. @default 30,000 */
  readonly portTimeoutMs?: number;
}

/**
 * Runs the stages of one analysis: each in a turn of the event loop of its own, so that progress, time limits and
 * cancellation get through between them; timed and charged; with what it made checked against its shape and kept. A
 * stage that was finished before an interruption is not run again.
 */
export class StageRunner {
  readonly #clock: Clock;
  readonly #budget: AnalysisBudget | undefined;
  readonly #portTimeoutMs: number;
  readonly #refused = new Map<string, string>();
  readonly #lost = new Map<string, string>();
  readonly #resumed: string[] = [];
  readonly #finished: string[] = [];
  readonly #attempts = new Map<string, number>();
  #checkpoints: StageCheckpoints | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(clock: Clock, { budget, checkpoints, portTimeoutMs }: StageRunnerParts = {}) {
    this.#clock = clock;
    this.#budget = budget;
    this.#checkpoints = checkpoints;
    this.#portTimeoutMs = portTimeoutMs ?? DEFAULT_PORT_TIMEOUT_MS;
  }

  /** Stages that the budget did not allow, with the reason. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Stages that failed and that nobody misses much, with the reason. */
  get lost(): ReadonlyMap<string, string> {
    return this.#lost;
  }

  /** Stages that were finished before this run, in the order in which they were taken over. */
  get resumed(): readonly string[] {
    return this.#resumed;
  }

  /** Stages that were finished in this run, in the order in which they were over. */
  get finished(): readonly string[] {
    return this.#finished;
  }

  /** How often a stage was begun. */
  attemptsOf(stage: string): number {
    return this.#attempts.get(stage) ?? 0;
  }

  /** From now on finished stages are kept here. */
  keepIn(checkpoints: StageCheckpoints): void {
    this.#checkpoints = checkpoints;
  }

  /** Counts stages in whose place something else was restored. */
  noteResumed(...stages: readonly string[]): void {
    this.#resumed.push(...stages.filter((stage) => !this.#resumed.includes(stage)));
  }

  /** Nothing was taken over after all: somebody else has done it all. */
  forgetResumed(): void {
    this.#resumed.length = 0;
  }

  /** Counts a stage that failed and without which everything goes on. */
  noteLost(stage: string, reason: string): void {
    this.#lost.set(stage, reason);
  }

  /**
   * A failure, and what does not have the shape (`schema_validation`), is a failed result; what the budget does not
   * allow is a skipped one, or a failed one (`quota_exceeded`) where nothing goes on without it. Throws when aborted.
   */
  async run<T>(
    stage: string,
    shape: Shape,
    signal: AbortSignal,
    work: (meter: StageMeter, signal: AbortSignal) => T | PromiseLike<T>,
    options: StageOptions<T> = {},
  ): Promise<Staged<T> | FailedResult | SkippedResult> {
    await this.#nextTurn();
    signal.throwIfAborted();
    const checkpoints =
      options.checkpoints === false ? undefined : (options.checkpoints ?? this.#checkpoints);
    const restored = await this.#restore(stage, shape, checkpoints, options);
    if (restored !== undefined) return restored;
    const refusal = options.isEssential === true ? undefined : this.#budget?.refusal(stage, options.bound);
    if (refusal !== undefined) return this.#refuse(stage, refusal, options.isRequired === true);
    signal.throwIfAborted();
    this.#attempts.set(stage, this.attemptsOf(stage) + 1);
    const used = { ...NO_USE };
    const begun = this.#clock.monotonic();
    const charge = () => {
      const endedAt = this.#clock.monotonic();
      const { isEstimated, ...use } = { ...used, ms: endedAt - begun };
      const cost = this.#budget?.charge(stage, use, isEstimated) ?? { ...use, usd: 0 };
      return { endedAt, ms: rounded(use.ms), cost };
    };
    let value: T;
    try {
      const limits = {
        ...{ clock: this.#clock, option: 'portTimeoutMs', signal },
        timeoutMs: this.#portTimeoutMs * (options.port === 'download' ? DOWNLOAD_FACTOR : 1),
        what: `stage "${stage}"`,
      };
      const meter = meterOf(used);
      value =
        options.port === undefined
          ? await work(meter, signal)
          : await withinLimit((limited) => work(meter, limited), limits);
    } catch (thrown) {
      charge();
      signal.throwIfAborted();
      return portFailure(thrown);
    }
    const { endedAt, ms, cost } = charge();
    const problem = shape(value, stage);
    if (problem !== undefined) {
      return StepResult.fail(
        `The stage "${stage}" made something that is not what it should make: ${problem}. Report this with the content.`,
        { errorCategory: 'schema_validation', details: { code: 'STAGE_OUTPUT_INVALID', stage } },
      );
    }
    const kept = options.codec === undefined ? value : options.codec.encode(value);
    await checkpoints?.keep(stage, { value: kept, ms, cost });
    this.#finished.push(stage);
    return { stage, value, ms, endedAt };
  }

  #refuse(stage: string, refusal: string, isRequired: boolean): FailedResult | SkippedResult {
    this.#refused.set(stage, refusal);
    const code = 'AUTONOMOUS_BUDGET_EXHAUSTED';
    if (!isRequired) return StepResult.skip(refusal, { metadata: { code, stage } });
    const done = [...this.#resumed, ...this.#finished];
    const soFar = done.length === 0 ? 'Nothing was done.' : `Done so far: ${done.join(', ')}.`;
    return StepResult.fail(
      `The stage "${stage}" was not begun. ${refusal} ${soFar} Give a larger budget: what is done is not done again.`,
      {
        errorCategory: 'quota_exceeded',
        retryable: false,
        details: {
          code,
          stage,
          done,
          ...(this.#budget === undefined ? {} : { budget: this.#budget.report() }),
        },
      },
    );
  }

  async #restore<T>(
    stage: string,
    shape: Shape,
    checkpoints: StageCheckpoints | undefined,
    { codec }: StageOptions<T>,
  ): Promise<Staged<T> | undefined> {
    const kept = await checkpoints?.restore(stage);
    if (kept === undefined) return undefined;
    let value: T;
    try {
      value = codec === undefined ? (kept.value as T) : codec.decode(kept.value);
    } catch {
      return undefined;
    }
    // What another version of the program made is made again.
    if (shape(value, stage) !== undefined) return undefined;
    this.#budget?.charge(stage, kept.cost);
    this.noteResumed(stage);
    return { stage, value, ms: kept.ms, endedAt: this.#clock.monotonic() };
  }

  /** Stages that become ready together get a turn each, in the order in which they asked. */
  #nextTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turn;
  }
}

const { usd: _usd, ...NOTHING_USED } = NO_COST;
const NO_USE = { ...NOTHING_USED, isEstimated: false };

function meterOf(used: { -readonly [K in keyof StageUse]: number } & { isEstimated: boolean }): StageMeter {
  return {
    modelCall: () => {
      used.modelCalls += 1;
    },
    tokens: ({ inputTokens, outputTokens }, isEstimated = false) => {
      used.inputTokens += inputTokens;
      used.outputTokens += outputTokens;
      used.isEstimated ||= isEstimated;
    },
    bytes: (count) => {
      used.bytes += count;
    },
  };
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

/** Time per stage, in order of completion. */
export function timingsOf(staged: readonly Staged<unknown>[]): readonly { stage: string; ms: number }[] {
  return [...staged].sort((a, b) => a.endedAt - b.endedAt).map(({ stage, ms }) => ({ stage, ms }));
}
