import { type AgentTargets, DEFAULT_TARGETS } from './interactions.js';
import { ANSWER_SCORES, type AnswerScore } from './score-answer.js';
import { AgentTrainingError } from './training-error.js';

/** Binding key of the options of `agent_training`. */
export const AGENT_TRAINING_OPTIONS = Symbol.for('kapelle.AgentTrainingOptions');

/** What can be set of `agent_training`; all of it has a default. */
export interface AgentTrainingOptions {
  /** How answers are compared with the expected ones. @default 'token_f1' */
  readonly score?: AnswerScore;
  /** Share of the examples that is kept back to measure with, 0.05 to 0.9. @default 0.3 */
  readonly heldBackShare?: number;
  /** Examples kept back that a measurement needs at least. @default 10 */
  readonly minHeldBack?: number;
  /**
   * Of the interval that says whether a change is better, 0.5 to 0.9999; with several changes in one run each has to be as
   * much surer as there are changes. @default 0.95
   */
  readonly confidence?: number;
  /** Pairs of words that two texts share, from which on they are nearly the same, 0 to 1. @default 0.8 */
  readonly similarity?: number;
  /** Quality of an example to learn from at least, 0.7 to 1. @default 0.7 */
  readonly minQuality?: number;
  /** Examples generated per run. @default 50 */
  readonly generated?: number;
  /** Runs of an agent at a time. @default 4 */
  readonly concurrency?: number;
  /** Longest run of an agent on one example, in ms; one that takes longer has failed. @default 60_000 @minimum 1 */
  readonly runTimeoutMs?: number;
  /** Longest generation of examples, in ms. @default 600_000 (10 min) @minimum 1 */
  readonly generateTimeoutMs?: number;
  /** Versions kept per agent; older ones are forgotten, but never the current one. @default 50 */
  readonly maxVersions?: number;
  /** Interactions kept per agent. @default 500 */
  readonly maxInteractions?: number;
  readonly targets?: Partial<AgentTargets>;
  /** Whether a version that does worse in use than the one before is taken back by the monitor. @default true */
  readonly revertDeclining?: boolean;
}

/** The options with their defaults. */
export type AgentTrainingSettings = Required<Omit<AgentTrainingOptions, 'targets'>> & {
  readonly targets: AgentTargets;
};

/** @throws AgentTrainingError `TRAINING_OPTION_INVALID` naming the option */
export function trainingSettings(options: AgentTrainingOptions): AgentTrainingSettings {
  const settings: AgentTrainingSettings = {
    score: options.score ?? 'token_f1',
    heldBackShare: options.heldBackShare ?? 0.3,
    minHeldBack: options.minHeldBack ?? 10,
    confidence: options.confidence ?? 0.95,
    similarity: options.similarity ?? 0.8,
    minQuality: options.minQuality ?? 0.7,
    generated: options.generated ?? 50,
    concurrency: options.concurrency ?? 4,
    runTimeoutMs: options.runTimeoutMs ?? 60_000,
    generateTimeoutMs: options.generateTimeoutMs ?? 600_000,
    maxVersions: options.maxVersions ?? 50,
    maxInteractions: options.maxInteractions ?? 500,
    revertDeclining: options.revertDeclining ?? true,
    targets: { ...DEFAULT_TARGETS, ...options.targets },
  };
  if (!ANSWER_SCORES.includes(settings.score)) {
    throw invalid('score', settings.score, `one of ${ANSWER_SCORES.join(', ')}`);
  }
  between('heldBackShare', settings.heldBackShare, 0.05, 0.9);
  between('confidence', settings.confidence, 0.5, 0.9999);
  between('similarity', settings.similarity, 0, 1);
  between('minQuality', settings.minQuality, 0.7, 1);
  whole('minHeldBack', settings.minHeldBack, 2, 10_000);
  whole('generated', settings.generated, 0, 500);
  whole('concurrency', settings.concurrency, 1, 64);
  whole('runTimeoutMs', settings.runTimeoutMs, 1, 86_400_000);
  whole('generateTimeoutMs', settings.generateTimeoutMs, 1, 86_400_000);
  whole('maxVersions', settings.maxVersions, 2, 1_000);
  whole('maxInteractions', settings.maxInteractions, 20, 10_000);
  for (const [name, target] of Object.entries(settings.targets)) {
    between(
      `targets.${name}`,
      target as number,
      Number.MIN_VALUE,
      name === 'responseTimeMs' ? 86_400_000 : 1,
    );
  }
  return settings;
}

function between(name: string, value: number, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw invalid(name, value, `a number from ${low === Number.MIN_VALUE ? 'above 0' : low} to ${high}`);
}

function whole(name: string, value: number, low: number, high: number): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw invalid(name, value, `a whole number from ${low} to ${high}`);
}

function invalid(name: string, value: unknown, wanted: string): AgentTrainingError {
  return new AgentTrainingError(
    'TRAINING_OPTION_INVALID',
    `${name} is ${String(value)}, it must be ${wanted}. Correct it in AGENT_TRAINING_OPTIONS.`,
  );
}
