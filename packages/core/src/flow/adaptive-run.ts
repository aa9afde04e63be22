import type { JsonValue } from '../json-data.js';
import type { OperationContext } from '../operation-context.js';
import { type FailedResult, StepFailure, StepResult } from '../step-result.js';
import type { AdaptivePolicy, AdaptivePolicyFactory } from './adaptive-policy.js';
import type { Flow, FlowStepInfo } from './flow.js';
import { INPUT } from './flow-definition.js';
import { annotated, concluded } from './flow-outcome.js';
import { type AnyFlowFunction, type AnyStepOptions, infoOf, runStep } from './flow-step.js';
import { seededRandom } from './seeded-random.js';

/** @internal One of the ways to do it. */
export interface Alternative {
  readonly name: string;
  readonly fn: AnyFlowFunction;
  readonly options: AnyStepOptions;
}

/** @internal A reward with its types forgotten. */
export type RewardFunction = (
  result: never,
  info: { readonly durationMs: number; readonly alternative: never },
) => unknown;

/** An alternative that was run. */
interface Trial {
  readonly name: string;
  readonly result: StepResult;
  readonly durationMs: number;
}

/** @internal The finished adaptive flow. */
export class AdaptiveRunner implements Flow<unknown, unknown> {
  readonly kind = 'adaptive';
  readonly steps: readonly FlowStepInfo[];
  readonly #alternatives: readonly Alternative[];
  readonly #names: readonly string[];
  readonly #policy: AdaptivePolicy;
  readonly #reward: RewardFunction;
  readonly #fallback: boolean;

  constructor(
    alternatives: readonly Alternative[],
    policy: AdaptivePolicyFactory,
    reward: RewardFunction,
    fallback: boolean,
  ) {
    this.#alternatives = alternatives;
    this.#names = Object.freeze(alternatives.map((each) => each.name));
    this.#policy = policy(this.#names);
    this.#reward = reward;
    this.#fallback = fallback;
    this.steps = Object.freeze(
      alternatives.map(({ name, options }) =>
        Object.freeze({
          name,
          needs: Object.freeze([]),
          ...infoOf(options),
          conditional: true,
          optional: fallback,
        }),
      ),
    );
    Object.freeze(this);
  }

  async run(context: OperationContext, input: unknown, self?: unknown): Promise<StepResult> {
    try {
      return await this.#run(context, input, self);
    } catch (thrown) {
      // Of the policy or the reward; whatever else ends a run belongs to the engine.
      if (thrown instanceof StepFailure) return thrown.result;
      throw thrown;
    }
  }

  snapshot(): JsonValue {
    return this.#policy.snapshot();
  }

  restore(snapshot: unknown): void {
    this.#policy.restore(snapshot);
  }

  async #run(context: OperationContext, input: unknown, self: unknown): Promise<StepResult> {
    // One draw whatever the policy does with it, so that what is drawn later is the same when the step is replayed.
    const seed = context.random();
    const order = await context.step('adaptive:choose', () => this.#order(seededRandom(seed)));
    const trials: Trial[] = [];
    for (const name of order) {
      const alternative = this.#alternatives.find((each) => each.name === name);
      if (alternative === undefined) continue;
      const trial = await tryOut(alternative, context, { [INPUT]: input }, self);
      trials.push(trial);
      const goesOn = trial.result.status === 'failed' && trial.result.errorCategory !== 'cancelled';
      context.progress(goesOn ? trials.length / order.length : 1, name);
      if (!goesOn) break;
    }
    const last = trials.at(-1);
    if (last === undefined) {
      return StepResult.fail(`The run chose ${order.join(', ')}, which the flow does not have.`, {
        errorCategory: 'configuration',
      });
    }
    const tried = trials.map((trial) => trial.name);
    const warnings = trials
      .slice(0, -1)
      .map(({ name, result }) => `${name}: failed: ${(result as FailedResult).error}`);
    const { result } = last;
    const told = { chosen: order[0], tried };
    if (result.status === 'failed' && result.errorCategory === 'cancelled') {
      return annotated(result, { metadata: told, warnings });
    }
    const rewards = await this.#learn(context, trials, result);
    const metadata = { ...told, ...(rewards === undefined ? {} : { reward: rewards.at(-1) }) };
    return concluded(() => result, { metadata, warnings, doubts: [] });
  }

  /** The alternative to try and, with fallback, the others after it. */
  #order(random: () => number): readonly string[] {
    let arms: readonly number[] = this.#names.map((_, arm) => arm);
    const order: string[] = [];
    do {
      const arm = this.#policy.choose(arms, random);
      const name = arms.includes(arm) ? this.#names[arm] : undefined;
      if (name === undefined) {
        throw new RangeError(`The policy must choose one of ${arms.join(', ')}, got ${String(arm)}`);
      }
      order.push(name);
      arms = arms.filter((each) => each !== arm);
    } while (this.#fallback && arms.length > 0);
    return order;
  }

  /** In a step: a replay neither asks for the reward again nor learns it twice. */
  async #learn(
    context: OperationContext,
    trials: readonly Trial[],
    outcome: StepResult,
  ): Promise<readonly number[] | undefined> {
    try {
      return await context.step('adaptive:learn', () => {
        const rewards = trials.map((trial) => this.#rewardOf(trial));
        trials.forEach(({ name }, index) => {
          this.#policy.learn(this.#names.indexOf(name), rewards[index] as number);
        });
        return rewards;
      });
    } catch (thrown) {
      // The failure of the alternative says more than what came of rating it.
      if (thrown instanceof StepFailure && outcome.status === 'failed') return undefined;
      throw thrown;
    }
  }

  #rewardOf({ name, result, durationMs }: Trial): number {
    if (result.status === 'failed') return 0;
    const reward = this.#reward(result as never, { durationMs, alternative: name as never });
    if (typeof reward === 'number' && reward >= 0 && reward <= 1) return reward;
    throw new RangeError(`The reward of "${name}" must be a number from 0 to 1, got ${String(reward)}`);
  }
}

async function tryOut(
  { name, fn, options }: Alternative,
  context: OperationContext,
  values: unknown,
  self: unknown,
): Promise<Trial> {
  const begun = context.now();
  const result = await runStep(context, name, fn, options, values, self);
  return { name, result, durationMs: Math.max(0, context.now() - begun) };
}
