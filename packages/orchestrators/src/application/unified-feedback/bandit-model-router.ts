import type { FeedbackLearnerPort, LearnerChoice, LearnerRequest } from './feedback-ports.js';
import type { FeedbackContext, FeedbackSignal } from './feedback-signal.js';

/** What a contextual bandit is asked. */
export interface BanditQuestion {
  readonly tenantId: string;
  readonly context: FeedbackContext;
  /** Empty where it is to choose among all it knows. */
  readonly candidates: readonly string[];
}

/** What it chose. */
export interface BanditAnswer {
  readonly decisionId: string;
  /** The model. */
  readonly action: string;
  readonly expectedReward?: number;
  readonly confidence?: number;
  readonly explored?: boolean;
}

/** The two things that are needed of a contextual bandit, such as `advanced_bandits`. */
export interface BanditDesk {
  decide(question: BanditQuestion): BanditAnswer | undefined | Promise<BanditAnswer | undefined>;
  feedback(given: {
    readonly tenantId: string;
    readonly decisionId: string;
    readonly reward: number;
  }): unknown;
}

/**
 * A model router that leaves the choice to a contextual bandit. Signals teach the bandit by the id of the decision they
 * are about; those without one are for the built-in learner alone, since no decision is known that they could be about.
 */
export class BanditModelRouter implements FeedbackLearnerPort {
  readonly #bandit: BanditDesk;

  constructor(bandit: BanditDesk) {
    this.#bandit = bandit;
  }

  /** Rejects with the first failure, after all signals were told. */
  async learn(signals: readonly FeedbackSignal[], tenantId: string): Promise<void> {
    const failures: unknown[] = [];
    for (const { decisionId, reward } of signals) {
      if (decisionId === undefined) continue;
      try {
        await this.#bandit.feedback({ tenantId, decisionId, reward });
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async recommend({
    tenantId,
    context,
    candidates = [],
  }: LearnerRequest): Promise<LearnerChoice | undefined> {
    const answer = await this.#bandit.decide({ tenantId, context, candidates });
    if (answer === undefined) return undefined;
    const { decisionId, action, expectedReward, confidence, explored } = answer;
    return {
      componentId: action,
      decisionId,
      ...(expectedReward === undefined ? {} : { score: expectedReward }),
      ...(confidence === undefined ? {} : { confidence }),
      ...(explored === undefined ? {} : { explored }),
    };
  }
}
