/** Where a signal may come from. */
export const FEEDBACK_SOURCES = [
  'trajectory',
  'rag_retrieval',
  'tool_execution',
  'agent_task',
  'governance',
  'cost_budget',
  'user_explicit',
] as const;
export type FeedbackSource = (typeof FEEDBACK_SOURCES)[number];

/** What a signal may be about. Each has a queue, a consumer and a learner of its own. */
export const FEEDBACK_COMPONENTS = ['model', 'tool', 'agent', 'threshold', 'prompt', 'memory'] as const;
export type FeedbackComponent = (typeof FEEDBACK_COMPONENTS)[number];

/** JSON-like, bounded; what was known when a component was chosen, and what came of it. */
export type FeedbackContext = Readonly<Record<string, unknown>>;

/** How well one component did once. */
export interface FeedbackSignal {
  /** Hexadecimal where it was made here; 1 to 100 characters. */
  readonly signalId: string;
  readonly source: FeedbackSource;
  readonly componentType: FeedbackComponent;
  /** Which model, tool, agent, threshold, prompt variant or memory; 1 to 200 characters. */
  readonly componentId: string;
  /** 0 to 1. */
  readonly reward: number;
  /** How much the reward is worth, 0 to 1: a learner's step is that much longer or shorter. */
  readonly confidence: number;
  readonly context: FeedbackContext;
  /** `shadow: true` marks the outcome of a shadow deployment: it teaches nothing that is live. */
  readonly metadata: FeedbackContext;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** The decision that it is about, as a recommendation gave it. */
  readonly decisionId?: string;
}

/** What a signal is worth that does not say. */
export const DEFAULT_REWARD = 0.5;
export const DEFAULT_CONFIDENCE = 0.8;
