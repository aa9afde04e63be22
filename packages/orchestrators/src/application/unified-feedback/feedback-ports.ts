import type { Lazy } from '@kapelle/core';
import type { FeedbackComponent, FeedbackSignal } from './feedback-signal.js';
import type { FeatureEncoder } from './learning/context-features.js';
import type { FeedbackRequest, MemoryAdvice, RankedComponent } from './learning/learner.js';

/** Binding keys of what `unified_feedback` can be given; each binds a `Lazy`, see {@link lazyPort}. All are optional. */
export const FEEDBACK_MODEL_ROUTER = Symbol.for('kapelle.FeedbackModelRouter');
/** Binds a {@link FeedbackLearnerPort} for tools. */
export const FEEDBACK_TOOL_ROUTER = Symbol.for('kapelle.FeedbackToolRouter');
/** Binds a {@link FeedbackLearnerPort} for agents. */
export const FEEDBACK_AGENT_ROUTER = Symbol.for('kapelle.FeedbackAgentRouter');
/** Binds a {@link FeedbackLearnerPort} for memory. */
export const FEEDBACK_RAG_FEEDBACK = Symbol.for('kapelle.FeedbackRagFeedback');
/** Binds a {@link FeedbackLearnerPort} for prompts. */
export const FEEDBACK_PROMPT_LIBRARY = Symbol.for('kapelle.FeedbackPromptLibrary');
/** Binds a {@link FeedbackLearnerPort} for thresholds. */
export const FEEDBACK_THRESHOLD_BANDIT = Symbol.for('kapelle.FeedbackThresholdBandit');
/** Binds the {@link RagConsolidatorPort}. */
export const FEEDBACK_RAG_CONSOLIDATOR = Symbol.for('kapelle.FeedbackRagConsolidator');
/** Binds the {@link FeatureEngineerPort}. */
export const FEEDBACK_FEATURE_ENGINEER = Symbol.for('kapelle.FeedbackFeatureEngineer');
/** Binds the {@link ShadowDeployerPort}. */
export const FEEDBACK_SHADOW_DEPLOYER = Symbol.for('kapelle.FeedbackShadowDeployer');

/** The names of the ports, as metrics and logs show them. */
export const FEEDBACK_PORTS = [
  'model_router',
  'tool_router',
  'agent_router',
  'rag_feedback',
  'prompt_library',
  'threshold_bandit',
  'rag_consolidator',
  'feature_engineer',
  'shadow_deployer',
] as const;
export type FeedbackPortName = (typeof FEEDBACK_PORTS)[number];

/** The ports that learn. */
export type LearnerPortName = Exclude<
  FeedbackPortName,
  'rag_consolidator' | 'feature_engineer' | 'shadow_deployer'
>;

/** The port that learns about components of a type beside the built-in learner. */
export const PORT_OF_COMPONENT: Readonly<Record<FeedbackComponent, LearnerPortName>> = {
  model: 'model_router',
  tool: 'tool_router',
  agent: 'agent_router',
  threshold: 'threshold_bandit',
  prompt: 'prompt_library',
  memory: 'rag_feedback',
};

/** What a learner outside of this orchestrator chooses. */
export interface LearnerChoice {
  readonly componentId: string;
  /** Comes back with the signals about this choice. */
  readonly decisionId?: string;
  readonly value?: number;
  readonly score?: number;
  readonly confidence?: number;
  readonly explored?: boolean;
  readonly ranking?: readonly RankedComponent[];
}

/** A request, and whose it is. Candidates that are disabled have been left out. */
export interface LearnerRequest extends FeedbackRequest {
  readonly tenantId: string;
}

/**
 * A learner outside of this orchestrator: of models, tools, agents, thresholds, prompts or memory. It is asked first
 * and taught too; where it fails or does not choose, the built-in learner does, which has learnt the same.
 */
export interface FeedbackLearnerPort {
  /** Signals of one tenant, in the order they came in. */
  learn(signals: readonly FeedbackSignal[], tenantId: string): void | Promise<void>;
  /** `undefined` where it has no opinion. */
  recommend?(request: LearnerRequest): LearnerChoice | undefined | Promise<LearnerChoice | undefined>;
}

/** Why and how a memory is to be consolidated. */
export interface ConsolidationRequest {
  readonly tenantId: string;
  readonly reasons: readonly string[];
  readonly advice: MemoryAdvice;
  /** Mean reward of memory signals since the last consolidation. */
  readonly meanReward?: number;
  readonly signals: number;
}

/** Tidies a memory up: removes chunks, merges others. */
export interface RagConsolidatorPort {
  /** Which chunks are gone. */
  consolidate(
    request: ConsolidationRequest,
  ): { readonly removed: readonly string[] } | Promise<{ readonly removed: readonly string[] }>;
}

/** Turns contexts into features its own way: as many finite numbers as are asked for, at once. */
export interface FeatureEngineerPort {
  features: FeatureEncoder;
}

/** Is told what came of shadow deployments. */
export interface ShadowDeployerPort {
  outcomes(signals: readonly FeedbackSignal[], tenantId: string): void | Promise<void>;
}

/** What each port has to offer. */
export interface FeedbackPorts {
  readonly model_router: FeedbackLearnerPort;
  readonly tool_router: FeedbackLearnerPort;
  readonly agent_router: FeedbackLearnerPort;
  readonly rag_feedback: FeedbackLearnerPort;
  readonly prompt_library: FeedbackLearnerPort;
  readonly threshold_bandit: FeedbackLearnerPort;
  readonly rag_consolidator: RagConsolidatorPort;
  readonly feature_engineer: FeatureEngineerPort;
  readonly shadow_deployer: ShadowDeployerPort;
}

/**
 * A `Lazy` of whatever `make` makes, made once, on first use. What throws is tried again on the next use.
 *
 * `bind(FEEDBACK_MODEL_ROUTER).toDynamicValue((context) => lazyPort(() => context.get(MyRouter)))`
 */
export function lazyPort<T extends object>(make: () => T): Lazy<T> {
  let made: T | undefined;
  return {
    get isLoaded() {
      return made !== undefined;
    },
    get value() {
      return (made ??= make());
    },
    get: () => new Promise((resolve) => resolve((made ??= make()))),
  };
}
