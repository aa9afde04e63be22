import type { StepOptions } from '../engine/verbs.js';
import { kindOf, type JsonValue } from '../json-data.js';
import type { FailedResult, StepResult } from '../step-result.js';
import type { AdaptivePolicyFactory } from './adaptive-policy.js';
import { AdaptiveRunner, type Alternative, type RewardFunction } from './adaptive-run.js';
import type { Flow, FlowFunction, FlowPayload, FlowValues, NewName, NoSteps } from './flow.js';
import { checkFunction, checkName, checkStepOptions, flowInvalid } from './flow-definition.js';
import type { AnyFlowFunction, AnyStepOptions } from './flow-step.js';

/** How an adaptive flow goes on where an alternative fails. */
export interface AdaptiveFlowOptions {
  /** When an alternative fails, tries what the policy would choose next among the others, each once. @default false */
  readonly fallback?: boolean;
}

/** What a reward function gets beside the result. */
export interface RewardInfo<Name extends string = string> {
  /** Of the alternative, its retries included. */
  readonly durationMs: number;
  readonly alternative: Name;
}

/** The result of an alternative that did not fail. */
export type RewardedResult<Output> = Exclude<StepResult<Output>, FailedResult>;

/** Alternatives before there is a policy. `Names` are theirs, `Output` what any of them gives. */
export interface AdaptiveAlternatives<Input, Self, Names extends string, Output> {
  /**
   * With one more alternative.
   *
   * @throws OrchestrationError `FLOW_INVALID` for a name that is taken or none, and for options out of bounds
   */
  alternative<N extends string, R>(
    name: N & NewName<N, Readonly<Record<Names, unknown>>>,
    fn: FlowFunction<FlowValues<Input, NoSteps>, Self, R>,
    options?: StepOptions<FlowPayload<R>>,
  ): AdaptiveAlternatives<Input, Self, Names | N, Output | FlowPayload<R>>;

  /** How to choose; each flow gets a policy of its own from `policy`. */
  policy(policy: AdaptivePolicyFactory): AdaptiveUnrewarded<Input, Self, Names, Output>;
}

/** Alternatives and a policy that has nothing to learn from yet. */
export interface AdaptiveUnrewarded<Input, Self, Names extends string, Output> {
  /**
   * The finished flow. `fn` says how good a result is, from 0 to 1; it is asked once for each alternative that did
   * not fail, in a step of its own. A failure is worth 0.
   */
  reward(
    fn: (result: RewardedResult<Output>, info: RewardInfo<Names>) => number,
  ): AdaptiveFlow<Input, Output, Self>;
}

/** A flow that learns. What it learned belongs to this object, in this process. */
export interface AdaptiveFlow<in Input, out Output, in Self = unknown> extends Flow<Input, Output, Self> {
  readonly kind: 'adaptive';
  /** What was learned, to be kept elsewhere. Its size depends on the number of alternatives alone. */
  snapshot(): JsonValue;
  /**
   * Replaces what was learned. Alternatives that the snapshot does not know start anew.
   *
   * @throws OrchestrationError `FLOW_INVALID` for what is no snapshot; what was learned is then kept
   */
  restore(snapshot: unknown): void;
}

/**
 * Chooses one of several ways to do the same thing, by a policy that learns from how good its results are.
 *
 * The choice and the reward are steps of their own, `adaptive:choose` and `adaptive:learn`: a replayed run chooses
 * as before and does not learn twice. A run that is cancelled teaches nothing. The result is that of the last
 * alternative tried; its metadata tells `chosen`, `tried` and `reward`, and the failures before it are warnings.
 */
export function adaptive<Input, Self = unknown>(
  options: AdaptiveFlowOptions = {},
): Pick<AdaptiveAlternatives<Input, Self, never, never>, 'alternative'> {
  // The class knows nothing of the types that the interface keeps track of.
  return new AdaptiveBuilder([], options.fallback === true) as never;
}

/** Names of the steps that a flow adds to those of its alternatives start so. */
const OWN_STEPS = 'adaptive:';

class AdaptiveBuilder {
  readonly #alternatives: readonly Alternative[];
  readonly #fallback: boolean;

  constructor(alternatives: readonly Alternative[], fallback: boolean) {
    this.#alternatives = alternatives;
    this.#fallback = fallback;
    Object.freeze(this);
  }

  alternative(name: string, fn: AnyFlowFunction, options: AnyStepOptions = {}): AdaptiveBuilder {
    checkName(
      'adaptive',
      name,
      this.#alternatives.map((each) => each.name),
    );
    if (name.startsWith(OWN_STEPS)) {
      throw flowInvalid(
        `The alternative "${name}" has the name of a step of the flow itself.`,
        `Give it a name that does not start with "${OWN_STEPS}".`,
      );
    }
    checkFunction(`The function of alternative "${name}"`, fn);
    checkStepOptions(name, options);
    return new AdaptiveBuilder([...this.#alternatives, { name, fn, options }], this.#fallback);
  }

  policy(policy: AdaptivePolicyFactory): { readonly reward: (fn: RewardFunction) => AdaptiveRunner } {
    if (this.#alternatives.length === 0) {
      throw flowInvalid(
        'An adaptive flow has no alternative to choose.',
        'Add alternatives before the policy.',
      );
    }
    if (typeof policy !== 'function') {
      throw flowInvalid(
        `The policy of an adaptive flow must be a function that makes one, got ${kindOf(policy)}.`,
        'Pass epsilonGreedy(), ucb1(), thompson() or a function of your own.',
      );
    }
    return Object.freeze({
      reward: (fn: RewardFunction) => {
        checkFunction('The reward', fn);
        return new AdaptiveRunner(this.#alternatives, policy, fn, this.#fallback);
      },
    });
  }
}
