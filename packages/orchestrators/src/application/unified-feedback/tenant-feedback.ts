import { type BookLimits, ComponentBook } from './component-book.js';
import type { ComponentChange } from './component-track.js';
import type { FeedbackSettings } from './feedback-options.js';
import { FEEDBACK_COMPONENTS, type FeedbackComponent, type FeedbackSignal } from './feedback-signal.js';
import { type FeedbackTotals, newTotals } from './feedback-totals.js';
import { AGENT_ROUTER, ComponentRouter, MODEL_ROUTER, TOOL_ROUTER } from './learning/component-router.js';
import type { FeatureEncoder } from './learning/context-features.js';
import type {
  FeedbackLearner,
  FeedbackRecommendation,
  FeedbackRequest,
  RandomSource,
} from './learning/learner.js';
import { PromptTester } from './learning/prompt-tester.js';
import { RagQuality } from './learning/rag-quality.js';
import { ShadowComparison } from './learning/shadow-comparison.js';
import { ThresholdTuner } from './learning/threshold-tuner.js';
import type { StoredPart, StoredTenant } from './stored-feedback.js';

export interface TenantSetup {
  readonly settings: FeedbackSettings;
  readonly encode: FeatureEncoder;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What is stored under a key of its own. */
export type FeedbackPart = FeedbackComponent | 'totals';

/** Everything that was learnt for one tenant. */
export class TenantFeedback {
  readonly tenantId: string;
  readonly totals: FeedbackTotals;
  readonly shadows: ShadowComparison;
  readonly memory: RagQuality;
  /** Signals that were not taken because the tenant held its share of a queue that was nearly full, since it was read. */
  refused = 0;
  /** What has changed since it was stored. */
  readonly changed = new Set<FeedbackPart>();
  readonly #books: Readonly<Record<FeedbackComponent, ComponentBook>>;
  readonly #learners: Readonly<Record<FeedbackComponent, FeedbackLearner>>;

  constructor(tenantId: string, { settings, encode, now }: TenantSetup, stored: StoredTenant = {}) {
    this.tenantId = tenantId;
    this.totals = stored.totals?.totals ?? newTotals();
    this.shadows = new ShadowComparison(stored.totals?.shadows);
    const setup = { encode, explorationRatio: settings.explorationRatio };
    this.memory = new RagQuality(now, stored.memory?.learner);
    this.#learners = {
      model: new ComponentRouter(MODEL_ROUTER, setup, stored.model?.learner),
      tool: new ComponentRouter(TOOL_ROUTER, setup, stored.tool?.learner),
      agent: new ComponentRouter(AGENT_ROUTER, setup, stored.agent?.learner),
      threshold: new ThresholdTuner(settings.thresholds, setup, stored.threshold?.learner),
      prompt: new PromptTester(setup, stored.prompt?.learner),
      memory: this.memory,
    };
    const limits: BookLimits = settings;
    this.#books = Object.fromEntries(
      FEEDBACK_COMPONENTS.map((type) => [
        type,
        new ComponentBook(limits, now, (id) => this.#learners[type].forget(id), stored[type]?.components),
      ]),
    ) as Record<FeedbackComponent, ComponentBook>;
  }

  book(type: FeedbackComponent): ComponentBook {
    return this.#books[type];
  }

  /** Teaches the learner of its type, its component's health and the totals; what that did to the component. */
  learn(signal: FeedbackSignal, now: number): ComponentChange | undefined {
    const { componentType, componentId, reward } = signal;
    const { totals } = this;
    totals.processed += 1;
    this.changed.add('totals');
    if (signal.metadata['shadow'] === true) {
      this.shadows.note(signal);
      return undefined;
    }
    totals.signalsSince += 1;
    if (componentType === 'memory') {
      totals.memorySignalsSince += 1;
      totals.memoryRewardSince += reward;
    }
    this.changed.add(componentType);
    this.#learners[componentType].learn(signal);
    return this.#books[componentType].learn(componentId, reward, now);
  }

  recommend(request: FeedbackRequest, random: RandomSource): FeedbackRecommendation | undefined {
    const { componentType } = request;
    return this.#learners[componentType].recommend(request, this.#books[componentType], random);
  }

  /** As it is to be stored under that key. */
  partOf(part: FeedbackPart): StoredPart {
    if (part === 'totals') return { totals: this.totals, shadows: this.shadows.toJSON() };
    return { components: this.#books[part].toRecord(), learner: this.#learners[part].toRecord() };
  }
}
