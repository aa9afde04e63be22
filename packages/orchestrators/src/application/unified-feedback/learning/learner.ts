import type { ComponentState } from '../component-track.js';
import type { FeedbackComponent, FeedbackContext, FeedbackSignal } from '../feedback-signal.js';

/** What somebody wants to choose. */
export interface FeedbackRequest {
  readonly componentType: FeedbackComponent;
  readonly context: FeedbackContext;
  /** What there is to choose from; everything that is known where it is left out. */
  readonly candidates?: readonly string[];
  /** Of a prompt: what matters most. */
  readonly target?: PromptTarget;
}

/** What a prompt may be recommended for. */
export const PROMPT_TARGETS = ['balanced', 'quality', 'speed', 'cost'] as const;
export type PromptTarget = (typeof PROMPT_TARGETS)[number];

/** One of those that could have been chosen. */
export interface RankedComponent {
  readonly componentId: string;
  /** What is expected of it; comparable within one ranking. */
  readonly score: number;
  readonly health: number;
  /** Rewards that were learnt of it. */
  readonly samples: number;
}

/** How the memory is, and what would make it better. */
export interface MemoryAdvice {
  readonly consolidate: boolean;
  /** Why; empty where there is no need. */
  readonly reasons: readonly string[];
  /** Chunks to be removed, the worst first, 100 at most. */
  readonly prune: readonly string[];
  /** Mean of the last 20 retrievals; undefined without any. */
  readonly recentMean?: number;
  /** Mean of the last 100 retrievals less that of the 100 before; 0 while there are too few. */
  readonly trend: number;
}

/** What is chosen. */
export interface FeedbackRecommendation {
  readonly componentType: FeedbackComponent;
  readonly componentId: string;
  /** Of a threshold: what it should be. */
  readonly value?: number;
  readonly score: number;
  /** 0.5 where the best two are equal, up to 0.99. */
  readonly confidence: number;
  /** Whether something else than the best was chosen, to learn about it. */
  readonly explored: boolean;
  /** Whether a component on probation was chosen, to see if it is well again. */
  readonly probe: boolean;
  /** To be given back with the feedback, where a port made the decision. */
  readonly decisionId?: string;
  /** The best first, 20 at most. */
  readonly ranking: readonly RankedComponent[];
  readonly memory?: MemoryAdvice;
}

/** What learners know of components beside what they learnt themselves. */
export interface ComponentView {
  stateOf(componentId: string): ComponentState;
  healthOf(componentId: string): number;
  /** Every component that signals were about, those disabled included. */
  ids(): readonly string[];
}

/** From 0 to 1, 1 excluded. */
export type RandomSource = () => number;

/** What one kind of component is learnt with. */
export interface FeedbackLearner {
  learn(signal: FeedbackSignal): void;
  /** `undefined` where there is nothing to choose from. */
  recommend(
    request: FeedbackRequest,
    view: ComponentView,
    random: RandomSource,
  ): FeedbackRecommendation | undefined;
  /** A component that is known no longer. */
  forget(componentId: string): void;
  /** JSON-like; its constructor takes it back. */
  toRecord(): unknown;
}

/** Entries of a ranking that are told. */
export const MAX_RANKING = 20;
const MOST_CONFIDENCE = 0.99;

/** 0.5 and half of the gap between the best two, 0.99 at most; a single one has no rival. */
export function confidenceOf(scores: readonly number[]): number {
  const [best, second] = scores;
  if (best === undefined) return 0.5;
  return Math.min(MOST_CONFIDENCE, 0.5 + Math.max(0, best - (second ?? 0)) / 2);
}
