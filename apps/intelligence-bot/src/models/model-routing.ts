import { type Clock, OrchestrationContext, type OrchestrationFacade } from '@kapelle/core';
import {
  type AdvancedBanditsOptions,
  type BanditDecision,
  type BanditDesk,
  BanditModelRouter,
  FEEDBACK_MODEL_ROUTER,
  lazyPort,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import { DEPTH_DOMAIN, DESK_DEPTHS } from '../desk/analysis-desk-orchestrator.js';
import { FeedbackModelDesk } from './model-desk.js';
import { type ModelChoice, RoutedModel } from './routed-model.js';

/** What `advanced_bandits` chooses language models under. */
export const MODEL_DOMAIN = 'language_model';

/** The longest prompt that makes a difference to the choice, in tokens. */
const MOST_TOKENS = 32_000;

/** What the bot has `advanced_bandits` choose: how deeply, and, where there are several, which model. */
export function banditOptions(models: readonly ModelChoice[] = []): AdvancedBanditsOptions {
  return {
    // Where other models are named, what was learnt of these ones does not fit any more.
    whenDeclarationChanged: 'start_over',
    domains: {
      [DEPTH_DOMAIN]: {
        features: [{ name: 'source', kind: 'category' }],
        actions: DESK_DEPTHS,
        defaultAlgorithm: 'linucb',
      },
      ...(models.length < 2
        ? {}
        : {
            [MODEL_DOMAIN]: {
              features: [{ name: 'input_tokens', kind: 'number', min: 0, max: MOST_TOKENS }],
              actions: models.map(({ name }) => name),
              defaultAlgorithm: 'linucb',
            },
          }),
    },
  };
}

/** Several models as one, chosen by what `unified_feedback` has learnt. */
export function routedModel(
  models: readonly ModelChoice[],
  facade: () => Pick<OrchestrationFacade, 'orchestrate'>,
  clock?: Clock,
): RoutedModel {
  const desk = new FeedbackModelDesk(facade);
  return new RoutedModel({ models, desk, ...(clock === undefined ? {} : { clock }) });
}

/** Has `unified_feedback` leave the choice of a model to `advanced_bandits`. */
export function modelRoutingModule(facade: () => Pick<OrchestrationFacade, 'orchestrate'>): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(FEEDBACK_MODEL_ROUTER).toDynamicValue(() =>
      lazyPort(() => new BanditModelRouter(new FacadeBanditDesk(facade))),
    );
  });
}

/** Asks `advanced_bandits` through the facade. */
class FacadeBanditDesk implements BanditDesk {
  readonly #facade: () => Pick<OrchestrationFacade, 'orchestrate'>;

  constructor(facade: () => Pick<OrchestrationFacade, 'orchestrate'>) {
    this.#facade = facade;
  }

  /** Rejects where there is no decision: then the built-in learner makes one. */
  async decide({ tenantId, context }: Parameters<BanditDesk['decide']>[0]): Promise<BanditDecision> {
    const tokens = context['input_tokens'];
    return this.#ask<BanditDecision>(tenantId, {
      operation: 'make_decision',
      domain: MODEL_DOMAIN,
      features: typeof tokens === 'number' ? { input_tokens: Math.min(tokens, MOST_TOKENS) } : {},
    });
  }

  /** Rejects where the bandit does not take it. */
  async feedback({ tenantId, decisionId, reward }: Parameters<BanditDesk['feedback']>[0]): Promise<void> {
    await this.#ask(tenantId, { operation: 'provide_feedback', decisionId, reward });
  }

  async #ask<T>(tenantId: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    const context = OrchestrationContext.create({ tenantId });
    const answer = await this.#facade().orchestrate<T>('advanced_bandits', context, params);
    if (answer.status === 'ok' || answer.status === 'uncertain') return answer.data;
    throw new Error(answer.status === 'failed' ? answer.error : answer.reason);
  }
}
