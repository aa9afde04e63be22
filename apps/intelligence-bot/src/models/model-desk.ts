import { OrchestrationContext, type OrchestrationFacade } from '@kapelle/core';
import type { RecommendedComponent } from '@kapelle/orchestrators';

/** What a model is chosen by: what is known before it is asked. */
export interface ModelQuestion {
  readonly tenantId: string;
  /** Names of models, one at least. */
  readonly candidates: readonly string[];
  /** Of the prompt, as far as its length tells. */
  readonly inputTokens: number;
  readonly signal: AbortSignal;
}

/** The model to ask, and the decision that its outcome is about. */
export interface ChosenModel {
  readonly model: string;
  readonly decisionId?: string;
}

/** What came of asking a model. */
export interface ModelOutcome {
  readonly tenantId: string;
  readonly model: string;
  readonly decisionId?: string;
  readonly inputTokens: number;
  readonly success: boolean;
  readonly latencyMs: number;
  /** Where its price is known. */
  readonly costUsd?: number;
  /** Share of its sentences that hold no figure and no name that the prompt does not hold; absent where nothing was written. */
  readonly accuracy?: number;
  /** Share of its last answers that came. */
  readonly reliability: number;
}

/** Knows which model has turned out best, and learns. Nothing of it throws: a model can be asked without it. */
export interface ModelDesk {
  choose(question: ModelQuestion): Promise<ChosenModel | undefined>;
  tell(outcome: ModelOutcome): Promise<void>;
}

/** Half a minute of waiting is no efficiency at all. */
const SLOW_MS = 30_000;

/** Asks `unified_feedback` which model to take, and tells it what came of it. */
export class FeedbackModelDesk implements ModelDesk {
  readonly #facade: () => Pick<OrchestrationFacade, 'orchestrate'>;

  constructor(facade: () => Pick<OrchestrationFacade, 'orchestrate'>) {
    this.#facade = facade;
  }

  async choose({
    tenantId,
    candidates,
    inputTokens,
    signal,
  }: ModelQuestion): Promise<ChosenModel | undefined> {
    const context = OrchestrationContext.create({ tenantId, signal });
    const answer = await this.#facade().orchestrate<RecommendedComponent>('unified_feedback', context, {
      operation: 'recommend',
      componentType: 'model',
      candidates,
      context: { input_tokens: inputTokens },
    });
    if (answer.status !== 'ok') return undefined;
    const { componentId: model, decisionId } = answer.data;
    return { model, ...(decisionId === undefined ? {} : { decisionId }) };
  }

  async tell(outcome: ModelOutcome): Promise<void> {
    const { tenantId, model, decisionId, inputTokens, success, latencyMs } = outcome;
    const { costUsd, accuracy, reliability } = outcome;
    const trajectory = {
      modelId: model,
      success,
      latencyMs,
      context: { input_tokens: inputTokens },
      ...(decisionId === undefined ? {} : { decisionId }),
      ...(costUsd === undefined ? {} : { costUsd }),
      ...(accuracy === undefined
        ? {}
        : { accuracy, efficiency: 1 - Math.min(1, latencyMs / SLOW_MS), errorHandling: reliability }),
    };
    await this.#facade().orchestrate('unified_feedback', OrchestrationContext.create({ tenantId }), {
      operation: 'submit_trajectory_feedback',
      trajectory,
    });
  }
}
